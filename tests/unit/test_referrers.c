/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "oci/index.h"
#include "oci/referrer.h"
#include "registry/endpoint.h"
#include "registry/manifests.h"
#include "registry/referrers.h"
#include "registry_room.h"

#define HEX(digit) digit digit digit digit digit digit digit digit
#define SUBJECT_HEX HEX("01234567")
#define SUBJECT "sha256:" SUBJECT_HEX
#define ENTRY(digit, type) \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST \
	"\",\"digest\":\"sha256:" HEX(digit) "\",\"size\":2,\"artifactType\":\"" type "\"}"
#define INDEX_OF(entries) \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[" entries "]}"
#define INDEX(fields, entries) \
	ANSWER("200 OK", "Content-Type: " MEDIA_OCI_INDEX "\r\n" fields, INDEX_OF(entries))
#define A ENTRY("aaaaaaaa", "a/b")
#define B ENTRY("bbbbbbbb", "c/d")
#define ABSENT JSON("404 Not Found", ERRORS("MANIFEST_UNKNOWN"))

static struct digest
subject(void)
{
	struct digest digest = { 0 };

	assert_int_equal(digest_parse(SUBJECT, &digest, NULL), 0);
	return digest;
}

static int
list(struct room *room, const char *type, struct descriptors *found, struct error **err)
{
	struct digest digest = subject();

	if (!room->registry)
		room_start(room);
	return registry_list_referrers(room->endpoint, &digest, type, found, err);
}

static void
assert_lists(struct room *room, const char *type, size_t count)
{
	AUTO_DESCRIPTORS struct descriptors found = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (list(room, type, &found, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(found.count, count);
}

static void
referrers_are_asked_of_the_api_page_by_page(void **state)
{
	struct room *room = *state;

	room_answer(room, INDEX("Link: </v2/app/referrers/x?page=2>; rel=\"next\"\r\n", A));
	room_answer(room, INDEX("", B));
	assert_lists(room, NULL, 2);
	assert_request(room, 0, "GET /v2/app/referrers/" SUBJECT " ");
	assert_request_has(room, 0, "\r\nAccept: " MEDIA_OCI_INDEX "\r\n");
	assert_request(room, 1, "GET /v2/app/referrers/x?page=2 ");
	assert_int_equal(room_request_count(room), 2);
}

static void
a_type_is_filtered_by_whoever_can(void **state)
{
	struct room *room = *state;

	room_answer(room, INDEX("", A "," B));
	room_answer(room, INDEX("OCI-Filters-Applied: artifactType\r\n", A "," B));
	assert_lists(room, "a/b", 1);
	assert_request(room, 0, "GET /v2/app/referrers/" SUBJECT "?artifactType=a%2Fb ");
	/* What the registry says that it has filtered is not filtered again. */
	assert_lists(room, "a/b", 2);
}

static void
an_api_that_is_missing_in_any_way_leads_to_the_tag(void **state)
{
	static const char *const answers[] = {
		ANSWER("303 See Other", "Location: http://127.0.0.2:{PORT}/elsewhere\r\n", ""),
		ANSWER("307 Temporary Redirect", "Location: /v2/app/referrers/x\r\n", ""),
		ABSENT,
		EMPTY("404 Not Found"),
		EMPTY("400 Bad Request"),
		EMPTY("405 Method Not Allowed"),
		EMPTY("429 Too Many Requests"),
		ANSWER("200 OK", "Content-Type: text/html\r\n", "<html></html>"),
		JSON("200 OK", "{}"),
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		room_answer(room, answers[i]);
		room_answer(room, INDEX("", A "," B));
		if (room->registry)
			room_rerun(room);
		assert_lists(room, "a/b", 1);
		assert_int_equal(room_request_count(room), 2 * i + 2);
		assert_request(room, 2 * i + 1, "GET /v2/app/manifests/sha256-" SUBJECT_HEX " ");
	}
}

static void
a_missing_api_is_asked_once(void **state)
{
	struct room *room = *state;

	room_answer(room, ABSENT);
	assert_lists(room, NULL, 0);
	assert_lists(room, NULL, 0);
	assert_int_equal(room_request_count(room), 3);
}

static void
what_proves_nothing_is_no_empty_list(void **state)
{
	static const struct {
		const char *answer;
		enum error_kind kind;
	} rows[] = {
		{ JSON("403 Forbidden", ERRORS("DENIED")), ERROR_DENIED },
		{ EMPTY("503 Service Unavailable"), ERROR_UNAVAILABLE },
		{ ANSWER("200 OK", "Content-Type: " MEDIA_OCI_INDEX "\r\n", "{\"schema"),
		  ERROR_CONTENT },
		{ INDEX("Link: <http://127.0.0.2:1/x>; rel=\"next\"\r\n", A), ERROR_UNAVAILABLE },
		{ INDEX("Link: </v2/app/referrers/" SUBJECT ">; rel=\"next\"\r\n", A),
		  ERROR_UNAVAILABLE },
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_DESCRIPTORS struct descriptors found = { 0 };
		AUTO_ERROR struct error *err = NULL;

		/* The last answer goes on being given. */
		for (unsigned n = 0; i == 1 && n < ATTEMPTS_LIMIT_COUNT; n++)
			room_answer(room, rows[i].answer);
		room_answer(room, rows[i].answer);
		assert_int_equal(list(room, NULL, &found, &err), -1);
		assert_int_equal(error_kind(err), rows[i].kind);
		assert_int_equal(found.count, 0);
	}
}

static void
pages_that_never_end_are_left(void **state)
{
	AUTO_DESCRIPTORS struct descriptors found = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, INDEX("Link: <?a>; rel=\"next\"\r\n", ""));
	for (unsigned i = 1; i < REFERRERS_PAGES_LIMIT_COUNT; i++)
		room_answer(room, i % 2 ? INDEX("Link: <?b>; rel=\"next\"\r\n", "")
					: INDEX("Link: <?a>; rel=\"next\"\r\n", ""));
	assert_int_equal(list(room, NULL, &found, &err), -1);
	assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
	assert_int_equal(room_request_count(room), REFERRERS_PAGES_LIMIT_COUNT);
}

/* An index of `count` entries; the caller owns the answer. */
static char *
answer_of(size_t count, const char *fields)
{
	static const char entry[] = ENTRY("aaaaaaaa", "a/b") ",";
	AUTO_FREE char *entries = xcalloc(count, sizeof(entry));

	for (size_t i = 0; i < count; i++)
		memcpy(entries + i * (sizeof(entry) - 1), entry, sizeof(entry) - 1);
	entries[count * (sizeof(entry) - 1) - 1] = '\0'; /* the last comma */
	return xasprintf(
		ANSWER("200 OK", "Content-Type: " MEDIA_OCI_INDEX "\r\n%s", INDEX_OF("%s")), fields,
		entries);
}

static void
as_many_referrers_as_the_limit_are_read_and_one_more_is_refused(void **state)
{
	AUTO_FREE char *half = answer_of(REFERRERS_LIMIT_COUNT / 2, "Link: <?n>; rel=\"next\"\r\n");
	AUTO_FREE char *rest = answer_of(REFERRERS_LIMIT_COUNT / 2, "");
	AUTO_FREE char *more = answer_of(REFERRERS_LIMIT_COUNT / 2 + 1, "");
	AUTO_DESCRIPTORS struct descriptors found = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, half);
	room_answer(room, rest);
	room_answer(room, half);
	room_answer(room, more);
	assert_lists(room, NULL, REFERRERS_LIMIT_COUNT);
	assert_int_equal(list(room, NULL, &found, &err), -1);
	assert_string_equal(error_class(err), "limit");
	assert_int_equal(found.count, 0);
}

#define SIGNATURE \
	"{\"schemaVersion\":2,\"artifactType\":\"a/" \
	"b\",\"config\":{\"mediaType\":\"" MEDIA_OCI_EMPTY \
	"\",\"digest\":\"sha256:" HEX("cccccccc") "\",\"size\":2},\"layers\":[],\"subject\":" \
						  "{\"mediaType\":\"" MEDIA_OCI_MANIFEST \
						  "\",\"digest\":\"" SUBJECT "\",\"size\":7}," \
						  "\"annotations\":{\"k\":\"v\"}}"

static struct descriptor
signature(void)
{
	return (struct descriptor){
		.media_type = (char *)(uintptr_t)MEDIA_OCI_MANIFEST,
		.digest = digest_of(DIGEST_SHA256, SIGNATURE, strlen(SIGNATURE)),
		.size_bytes = strlen(SIGNATURE),
	};
}

/* The index with the signature alone, as the tag has it afterwards; the caller owns it. */
static char *
listed(void)
{
	struct descriptor itself = signature();
	AUTO_REFERRER struct referrer referrer = { 0 };
	AUTO_INDEX struct image_index index = { 0 };
	bool found = false;

	assert_int_equal(referrer_parse(&itself, SIGNATURE, &referrer, &found, NULL), 0);
	assert_true(found);
	descriptors_add(&index.manifests, &referrer.entry);
	return image_index_format(&index);
}

static void
answer_with(struct room *room, const char *index)
{
	AUTO_FREE char *answer =
		xasprintf(ANSWER("200 OK", "Content-Type: %s\r\n", "%s"), MEDIA_OCI_INDEX, index);

	room_answer(room, answer);
}

static int
put(struct room *room, struct error **err)
{
	struct descriptor itself = signature();
	struct put_result ignored;

	if (!room->registry)
		room_start(room);
	return registry_put_manifest(room->endpoint, NULL, &itself, SIGNATURE, &ignored, err);
}

static void
a_registry_that_names_the_subject_lists_by_itself(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, ANSWER("201 Created", "OCI-Subject: " SUBJECT "\r\n", ""));
	assert_int_equal(put(room, &err), 0);
	assert_int_equal(room_request_count(room), 1);
}

static void
elsewhere_the_index_under_the_tag_gets_the_entry(void **state)
{
	AUTO_FREE char *index = listed();
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, EMPTY("201 Created"));
	room_answer(room, ABSENT);
	room_answer(room, EMPTY("201 Created"));
	answer_with(room, index);
	assert_int_equal(put(room, &err), 0);
	assert_int_equal(room_request_count(room), 4);
	assert_request(room, 2, "PUT /v2/app/manifests/sha256-" SUBJECT_HEX " ");
	assert_request_has(room, 2, index);
	assert_request_has(room, 2, "\"artifactType\":\"a/b\",\"annotations\":{\"k\":\"v\"}");
}

static void
an_entry_that_another_writer_overwrote_is_put_again(void **state)
{
	AUTO_FREE char *index = listed();
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, EMPTY("201 Created"));
	room_answer(room, INDEX("", A));
	room_answer(room, EMPTY("201 Created"));
	room_answer(room, INDEX("", A "," B));
	room_answer(room, EMPTY("201 Created"));
	answer_with(room, index);
	assert_int_equal(put(room, &err), 0);
	assert_request_has(room, 4, HEX("aaaaaaaa"));
	assert_request_has(room, 4, HEX("bbbbbbbb"));
}

static void
a_list_that_others_keep_changing_is_given_up(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, EMPTY("201 Created"));
	for (unsigned i = 0; i < REFERRERS_UPDATES_LIMIT_COUNT; i++) {
		room_answer(room, INDEX("", A));
		room_answer(room, EMPTY("201 Created"));
	}
	assert_int_equal(put(room, &err), -1);
	assert_int_equal(error_kind(err), ERROR_REFUSED);
	assert_int_equal(room_request_count(room), 1 + 2 * REFERRERS_UPDATES_LIMIT_COUNT);
}

static void
a_deleted_referrer_leaves_the_index(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;
	struct digest of = subject();
	struct digest gone = { 0 };

	assert_int_equal(digest_parse("sha256:" HEX("aaaaaaaa"), &gone, &err), 0);
	room_answer(room, ABSENT);
	room_answer(room, INDEX("", A "," B));
	room_answer(room, INDEX("", A "," B));
	room_answer(room, EMPTY("201 Created"));
	room_answer(room, INDEX("", B));
	room_start(room);
	assert_int_equal(registry_remove_referrer(room->endpoint, &of, &gone, &err), 0);
	assert_request_has(room, 3, HEX("bbbbbbbb"));
	assert_request_lacks(room, 3, HEX("aaaaaaaa"));
}

static void
long_digests_are_cut_in_the_tag(void **state)
{
	struct digest digest = digest_of(DIGEST_SHA512, "", 0);
	AUTO_FREE char *tag = referrer_tag(&digest);

	(void)state;
	assert_int_equal(strlen(tag), strlen("sha512-") + 64);
	assert_memory_equal(tag, "sha512-cf83e1357eefb8bd", 23);
}

static int
delete_at(struct room *room, const char *reference, struct error **err)
{
	struct digest digest;

	if (!room->registry)
		room_start(room);
	return registry_delete_manifest(room->endpoint, reference, room_digest(reference, &digest),
					err);
}

static void
a_manifest_is_deleted_by_digest_and_a_tag_by_name(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, EMPTY("202 Accepted"));
	assert_int_equal(delete_at(room, SUBJECT, &err), 0);
	assert_int_equal(delete_at(room, "one", &err), 0);
	assert_request(room, 0, "DELETE /v2/app/manifests/" SUBJECT " ");
	assert_request(room, 1, "DELETE /v2/app/manifests/one ");
}

static void
deleting_takes_a_token_for_it(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, CHALLENGE(",scope=\"repository:app:delete\""));
	room_answer(room, TOKEN("t"));
	room_answer(room, EMPTY("202 Accepted"));
	assert_int_equal(delete_at(room, SUBJECT, &err), 0);
	assert_request(room, 1,
		       "GET /token?service=rig&scope=repository%3Aapp%3Apull%2Cpush%2Cdelete ");
}

static void
what_cannot_be_deleted_says_why(void **state)
{
	static const struct {
		const char *reference;
		const char *answer;
		enum error_kind kind;
		const char *class_name; /* NULL: none */
	} rows[] = {
		{ SUBJECT, ABSENT, ERROR_ABSENT, NULL },
		{ SUBJECT, EMPTY("404 Not Found"), ERROR_UNAVAILABLE, "not_found" },
		{ SUBJECT, JSON("405 Method Not Allowed", ERRORS("UNSUPPORTED")), ERROR_FAILURE,
		  "unsupported" },
		{ "one", EMPTY("405 Method Not Allowed"), ERROR_FAILURE, "unsupported" },
		{ "one", JSON("400 Bad Request", ERRORS("DIGEST_INVALID")), ERROR_FAILURE,
		  "unsupported" },
		{ SUBJECT, JSON("400 Bad Request", ERRORS("DIGEST_INVALID")), ERROR_UNAVAILABLE,
		  "protocol" },
		{ SUBJECT, JSON("403 Forbidden", ERRORS("DENIED")), ERROR_DENIED, NULL },
		{ SUBJECT, ANSWER("200 OK", "Content-Type: text/html\r\n", "<p>"),
		  ERROR_UNAVAILABLE, "protocol" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_ERROR struct error *err = NULL;

		room_answer(room, rows[i].answer);
		assert_int_equal(delete_at(room, rows[i].reference, &err), -1);
		assert_int_equal(error_kind(err), rows[i].kind);
		if (rows[i].class_name)
			assert_string_equal(error_class(err), rows[i].class_name);
	}
}

static void
a_delete_whose_answer_was_lost_is_done(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, EMPTY("502 Bad Gateway"));
	room_answer(room, ABSENT);
	assert_int_equal(delete_at(room, SUBJECT, &err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(referrers_are_asked_of_the_api_page_by_page),
		TEST(a_type_is_filtered_by_whoever_can),
		TEST(an_api_that_is_missing_in_any_way_leads_to_the_tag),
		TEST(a_missing_api_is_asked_once),
		TEST(what_proves_nothing_is_no_empty_list),
		TEST(pages_that_never_end_are_left),
		TEST(as_many_referrers_as_the_limit_are_read_and_one_more_is_refused),
		TEST(a_registry_that_names_the_subject_lists_by_itself),
		TEST(elsewhere_the_index_under_the_tag_gets_the_entry),
		TEST(an_entry_that_another_writer_overwrote_is_put_again),
		TEST(a_list_that_others_keep_changing_is_given_up),
		TEST(a_deleted_referrer_leaves_the_index),
		cmocka_unit_test(long_digests_are_cut_in_the_tag),
		TEST(a_manifest_is_deleted_by_digest_and_a_tag_by_name),
		TEST(deleting_takes_a_token_for_it),
		TEST(what_cannot_be_deleted_says_why),
		TEST(a_delete_whose_answer_was_lost_is_done),
	};

	return cmocka_run_group_tests_name("referrers", tests, NULL, NULL);
}
