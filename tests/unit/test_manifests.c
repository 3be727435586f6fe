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
#include "oci/media_type.h"
#include "registry/manifests.h"
#include "registry/tags.h"
#include "registry_room.h"

#define OTHER_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

/* Of one question. */
struct asked {
	struct resolution found;
	struct error *error;
};

static void
asked_release(struct asked *asked)
{
	resolution_release(&asked->found);
	error_free(asked->error);
}
#define AUTO_ASKED CLEANUP(asked_release)

static void
ask(struct room *room, const char *reference, struct asked *asked)
{
	struct digest digest;
	int result;

	*asked = (struct asked){ 0 };
	if (!room->registry)
		room_start(room);
	result = registry_get_manifest(room->endpoint, reference, room_digest(reference, &digest),
				       &asked->found, &asked->error);
	assert_int_equal(result < 0, asked->found.evidence.presence == PRESENCE_UNKNOWN);
	assert_int_equal(result < 0, asked->error != NULL);
}

static struct digest
manifest_digest(void)
{
	return digest_of(DIGEST_SHA256, MANIFEST_TEXT, strlen(MANIFEST_TEXT));
}

static void
assert_unknown(const struct asked *asked, enum error_kind kind, const char *class_name)
{
	assert_int_equal(asked->found.evidence.presence, PRESENCE_UNKNOWN);
	assert_int_equal(error_kind(asked->error), kind);
	assert_string_equal(error_class(asked->error), class_name);
	assert_int_equal(asked->found.bytes.size, 0);
}

static void
a_manifest_comes_byte_for_byte_with_its_descriptor(void **state)
{
	AUTO_ASKED struct asked asked = { 0 };
	struct digest digest = manifest_digest();
	struct room *room = *state;

	room_answer(room, MANIFEST(""));
	ask(room, "one", &asked);
	assert_int_equal(asked.found.evidence.presence, PRESENCE_PRESENT);
	assert_string_equal(asked.found.bytes.data, MANIFEST_TEXT);
	assert_string_equal(asked.found.descriptor.media_type, MEDIA_OCI_MANIFEST);
	assert_true(digest_equal(&asked.found.descriptor.digest, &digest));
	assert_int_equal(asked.found.descriptor.size_bytes, strlen(MANIFEST_TEXT));
	assert_request_has(room, 0, "\r\nAccept: " MEDIA_ACCEPT_MANIFESTS "\r\n");
}

static void
a_type_that_the_server_does_not_name_is_read_from_the_document(void **state)
{
	AUTO_ASKED struct asked plain = { 0 };
	AUTO_ASKED struct asked index = { 0 };
	struct room *room = *state;

	room_answer(room, JSON("200 OK", MANIFEST_TEXT));
	room_answer(room, JSON("200 OK", "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_INDEX
					 "\",\"manifests\":[]}"));
	ask(room, "one", &plain);
	assert_string_equal(plain.found.descriptor.media_type, MEDIA_OCI_MANIFEST);
	ask(room, "one", &index);
	assert_string_equal(index.found.descriptor.media_type, MEDIA_DOCKER_INDEX);
}

static void
by_tag_the_named_digest_must_be_that_of_the_bytes(void **state)
{
	AUTO_ASKED struct asked wrong = { 0 };
	AUTO_ASKED struct asked two = { 0 };
	AUTO_ASKED struct asked none = { 0 };
	struct room *room = *state;

	for (int i = 0; i < 2; i++)
		room_answer(room, MANIFEST("docker-content-digest: " OTHER_DIGEST "\r\n"));
	room_answer(room, MANIFEST("Docker-Content-Digest: " OTHER_DIGEST
				   "\r\nDocker-Content-Digest: " OTHER_DIGEST "\r\n"));
	room_answer(room, MANIFEST("Docker-Content-Digest: md5:x\r\n"));
	ask(room, "one", &wrong);
	assert_unknown(&wrong, ERROR_CONTENT, "digest");
	ask(room, "one", &two);
	assert_unknown(&two, ERROR_UNAVAILABLE, "protocol");
	ask(room, "one", &none);
	assert_unknown(&none, ERROR_UNAVAILABLE, "protocol");
}

static void
by_digest_the_header_does_not_count_and_the_bytes_do(void **state)
{
	AUTO_ASKED struct asked right = { 0 };
	AUTO_ASKED struct asked wrong = { 0 };
	struct digest digest = manifest_digest();
	struct room *room = *state;

	room_answer(room, MANIFEST("Docker-Content-Digest: " OTHER_DIGEST "\r\n"));
	ask(room, digest_text(&digest).text, &right);
	assert_int_equal(right.found.evidence.presence, PRESENCE_PRESENT);
	ask(room, OTHER_DIGEST, &wrong);
	assert_unknown(&wrong, ERROR_CONTENT, "digest");
}

static void
a_success_that_is_no_manifest_is_no_presence(void **state)
{
	static const char *const answers[] = {
		ANSWER("200 OK", "Content-Type: text/html\r\n", "<html>log in</html>"),
		JSON("200 OK", "{\"errors\": []}"),
		JSON("200 OK", "{\"schemaVersion\": 1, \"fsLayers\": []}"),
		JSON("200 OK", ""),
		JSON("200 OK", "{\"schemaVersion\": 2"),
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		for (int times = i == 0 ? 1 : 2; times > 0; times--)
			room_answer(room, answers[i]);
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		AUTO_ASKED struct asked asked = { 0 };

		ask(room, "one", &asked);
		assert_int_equal(asked.found.evidence.presence, PRESENCE_UNKNOWN);
		assert_int_equal(error_kind(asked.error),
				 i == 0 ? ERROR_UNAVAILABLE : ERROR_CONTENT);
	}
}

static void
a_redirect_of_a_manifest_is_followed(void **state)
{
	AUTO_ASKED struct asked asked = { 0 };
	struct room *room = *state;

	room_answer(room, ANSWER("307 Temporary Redirect",
				 "Location: /elsewhere\r\nContent-Length: 0\r\n", ""));
	room_answer(room, MANIFEST(""));
	ask(room, "one", &asked);
	assert_int_equal(asked.found.evidence.presence, PRESENCE_PRESENT);
	assert_request(room, 1, "GET /elsewhere ");
	assert_int_equal(room_request_count(room), 2);
}

static void
a_404_with_a_code_proves_absence_by_itself(void **state)
{
	AUTO_ASKED struct asked asked = { 0 };
	struct room *room = *state;

	room_answer(room, ANSWER("404 Not Found", "X-GitHub-Request-Id: 1:2\r\n",
				 ERRORS("NAME_UNKNOWN")));
	ask(room, "one", &asked);
	assert_int_equal(asked.found.evidence.presence, PRESENCE_ABSENT);
	assert_string_equal(asked.found.evidence.code, "NAME_UNKNOWN");
	assert_string_equal(asked.found.evidence.message, "said so");
	assert_string_equal(asked.found.evidence.request_id, "1:2");
	assert_string_equal(asked.found.evidence.accept, MEDIA_ACCEPT_MANIFESTS);
	assert_false(asked.found.evidence.confirmed);
	assert_int_equal(room_request_count(room), 1);
}

static void
a_404_without_a_code_is_confirmed_by_the_registry_and_a_second_answer(void **state)
{
	AUTO_ASKED struct asked asked = { 0 };
	struct room *room = *state;

	room_answer(room, EMPTY("404 Not Found"));
	room_answer(room, JSON("200 OK", "{}"));
	room_answer(room, EMPTY("404 Not Found"));
	ask(room, "one", &asked);
	assert_int_equal(asked.found.evidence.presence, PRESENCE_ABSENT);
	assert_true(asked.found.evidence.registry_answers);
	assert_true(asked.found.evidence.confirmed);
	assert_request(room, 1, "GET /v2/ ");
	assert_int_equal(room_request_count(room), 3);
}

static void
a_404_where_no_registry_answers_is_unknown(void **state)
{
	static const char *const bases[] = {
		EMPTY("404 Not Found"),
		EMPTY("401 Unauthorized"),
		ANSWER("200 OK", "Content-Type: text/html\r\n", "<html>"),
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		room_answer(room, EMPTY("404 Not Found"));
		room_answer(room, bases[i]);
	}
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		AUTO_ASKED struct asked asked = { 0 };

		ask(room, "one", &asked);
		assert_unknown(&asked, ERROR_UNAVAILABLE, "not_found");
		assert_int_equal(room_request_count(room), 2 * (i + 1));
	}
}

static void
a_404_that_does_not_last_is_present(void **state)
{
	AUTO_ASKED struct asked asked = { 0 };
	struct room *room = *state;

	room_answer(room, EMPTY("404 Not Found"));
	room_answer(room, JSON("200 OK", "{}"));
	room_answer(room, MANIFEST(""));
	ask(room, "one", &asked);
	assert_int_equal(asked.found.evidence.presence, PRESENCE_PRESENT);
	assert_int_equal(asked.found.evidence.http_status, 200);
	assert_string_equal(asked.found.evidence.first_answer, "404");
	assert_string_equal(asked.found.bytes.data, MANIFEST_TEXT);
	assert_false(asked.found.evidence.confirmed);
}

static void
a_second_answer_with_a_code_is_told_beside_the_first(void **state)
{
	AUTO_ASKED struct asked proven = { 0 };
	AUTO_ASKED struct asked refused = { 0 };
	struct room *room = *state;

	room_answer(room, EMPTY("404 Not Found"));
	room_answer(room, JSON("200 OK", "{}"));
	room_answer(room, JSON("404 Not Found", ERRORS("MANIFEST_UNKNOWN")));
	room_answer(room, EMPTY("404 Not Found"));
	room_answer(room, JSON("200 OK", "{}"));
	room_answer(room, JSON("403 Forbidden", ERRORS("DENIED")));
	ask(room, "one", &proven);
	assert_int_equal(proven.found.evidence.presence, PRESENCE_ABSENT);
	assert_string_equal(proven.found.evidence.first_answer, "404");
	assert_string_equal(proven.found.evidence.code, "MANIFEST_UNKNOWN");
	ask(room, "one", &refused);
	assert_int_equal(refused.found.evidence.presence, PRESENCE_UNKNOWN);
	assert_int_equal(error_kind(refused.error), ERROR_DENIED);
	assert_non_null(
		strstr(error_text(refused.error),
		       "the registry first answered 404, and a second request did not confirm"));
	assert_non_null(strstr(error_text(refused.error), "403 DENIED"));
}

static void
a_manifest_that_comes_damaged_once_is_asked_for_once_more(void **state)
{
	AUTO_ASKED struct asked by_tag = { 0 };
	AUTO_ASKED struct asked by_digest = { 0 };
	AUTO_ASKED struct asked always = { 0 };
	struct digest digest = manifest_digest();
	struct room *room = *state;

	room_answer(room, JSON("200 OK", "{\"schemaVersion\": 2"));
	room_answer(room, MANIFEST(""));
	room_answer(room, JSON("200 OK", "{\"schemaVersion\":2,\"layers\":[]}"));
	room_answer(room, MANIFEST(""));
	room_answer(room, JSON("200 OK", ""));
	ask(room, "one", &by_tag);
	assert_int_equal(by_tag.found.evidence.presence, PRESENCE_PRESENT);
	ask(room, digest_text(&digest).text, &by_digest);
	assert_int_equal(by_digest.found.evidence.presence, PRESENCE_PRESENT);
	assert_string_equal(by_digest.found.bytes.data, MANIFEST_TEXT);
	ask(room, "one", &always);
	assert_int_equal(error_kind(always.error), ERROR_CONTENT);
	assert_int_equal(room_request_count(room), 6);
}

static void
a_page_or_a_word_about_accept_is_unknown(void **state)
{
	AUTO_ASKED struct asked page = { 0 };
	AUTO_ASKED struct asked accept = { 0 };
	struct room *room = *state;

	room_answer(room,
		    ANSWER("404 Not Found", "Content-Type: text/html\r\n", "<html>404</html>"));
	room_answer(room,
		    JSON("404 Not Found",
			 "{\"errors\": [{\"code\": \"MANIFEST_UNKNOWN\", \"message\": \"OCI index "
			 "found, but Accept header does not support OCI indexes\"}]}"));
	ask(room, "one", &page);
	assert_unknown(&page, ERROR_UNAVAILABLE, "protocol");
	ask(room, "one", &accept);
	assert_unknown(&accept, ERROR_UNAVAILABLE, "not_found");
	assert_int_equal(room_request_count(room), 2);
}

static void
nothing_but_a_tag_or_a_digest_gets_into_a_url(void **state)
{
	static const char *const bad[] = { "a/b", "..", "a?b", "", "a b", "sha256:xyz", "-a" };
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO_ASKED struct asked asked = { 0 };

		ask(room, bad[i], &asked);
		assert_int_equal(asked.found.evidence.presence, PRESENCE_UNKNOWN);
	}
	assert_int_equal(room_request_count(room), 0);
}

static void
has(struct room *room, const char *reference, bool expected)
{
	AUTO_ERROR struct error *err = NULL;
	struct digest digest;
	bool found = !expected;

	if (registry_has_manifest(room->endpoint, reference, NULL, &found, &digest, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(found, expected);
}

static void
a_head_that_does_not_tell_is_followed_by_a_get(void **state)
{
	struct room *room = *state;

	room_start(room);
	room_answer(room, EMPTY("200 OK"));
	room_answer(room, MANIFEST(""));
	room_answer(room, EMPTY("405 Method Not Allowed"));
	room_answer(room, MANIFEST(""));
	room_answer(room, ANSWER("200 OK", "Docker-Content-Digest: " OTHER_DIGEST "\r\n", ""));
	room_answer(room, EMPTY("404 Not Found"));
	has(room, "one", true);
	has(room, "one", true);
	has(room, "one", true);
	has(room, "one", false);
	assert_int_equal(room_request_count(room), 6);
}

static int
put_by(struct room *room, enum digest_algorithm algorithm, struct put_result *ret_result,
       struct error **err)
{
	struct descriptor descriptor = {
		.media_type = (char *)(uintptr_t)MEDIA_OCI_MANIFEST,
		.digest = digest_of(algorithm, MANIFEST_TEXT, strlen(MANIFEST_TEXT)),
		.size_bytes = strlen(MANIFEST_TEXT),
	};

	if (!room->registry)
		room_start(room);
	return registry_put_manifest(room->endpoint, "one", &descriptor, MANIFEST_TEXT, ret_result,
				     err);
}

static int
put(struct room *room, struct error **err)
{
	struct put_result ignored;

	return put_by(room, DIGEST_SHA256, &ignored, err);
}

static void
a_manifest_is_put_under_its_own_type(void **state)
{
	struct room *room = *state;
	AUTO_ERROR struct error *err = NULL;

	room_answer(room, EMPTY("201 Created"));
	assert_int_equal(put(room, &err), 0);
	assert_request(room, 0, "PUT /v2/app/manifests/one ");
	assert_request_has(room, 0, "\r\nContent-Type: " MEDIA_OCI_MANIFEST "\r\n");
	assert_request_has(room, 0, MANIFEST_TEXT);
}

static void
assert_filed(const struct put_result *put_result, enum digest_algorithm algorithm, bool is_told)
{
	struct digest digest = digest_of(algorithm, MANIFEST_TEXT, strlen(MANIFEST_TEXT));

	assert_true(digest_equal(&put_result->digest, &digest));
	assert_int_equal(put_result->is_told, is_told);
}

static void
answer_filed(struct room *room)
{
	struct digest digest = manifest_digest();
	AUTO_FREE char *answer =
		xasprintf(ANSWER("201 Created", "Docker-Content-Digest: %s\r\n", ""),
			  digest_text(&digest).text);

	room_answer(room, answer);
}

static void
what_is_no_sha256_is_put_by_digest_and_tag_at_once(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;
	struct put_result put_result = { 0 };

	room_answer(room, ANSWER("201 Created", "OCI-Tag: one\r\n", ""));
	assert_int_equal(put_by(room, DIGEST_SHA512, &put_result, &err), 0);
	assert_request(room, 0, "PUT /v2/app/manifests/sha512:");
	assert_request_has(room, 0, "?tag=one ");
	assert_filed(&put_result, DIGEST_SHA512, false);
	assert_int_equal(room_request_count(room), 1);
}

/* By a registry that does not know "?tag=", and by one that takes no such digest. */
static void
where_that_is_not_heard_of_the_tag_names_what_the_registry_says(void **state)
{
	static const char *const first[] = {
		EMPTY("201 Created"),
		ANSWER("201 Created", "OCI-Tag: another\r\n", ""),
		JSON("400 Bad Request", ERRORS("DIGEST_INVALID")),
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		AUTO_ERROR struct error *err = NULL;
		struct put_result put_result = { 0 };

		room_answer(room, first[i]);
		answer_filed(room);
		assert_int_equal(put_by(room, DIGEST_SHA512, &put_result, &err), 0);
		assert_request(room, 2 * i + 1, "PUT /v2/app/manifests/one ");
		assert_filed(&put_result, DIGEST_SHA256, true);
	}
}

/* docker-registry does that while another client pushes what is named here. */
static void
a_manifest_that_the_registry_read_by_half_is_sent_again(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *refused = NULL;
	struct room *room = *state;
	struct put_result put_result = { 0 };

	room_answer(room, JSON("400 Bad Request", ERRORS("DIGEST_INVALID")));
	answer_filed(room);
	assert_int_equal(put_by(room, DIGEST_SHA256, &put_result, &err), 0);
	assert_int_equal(room_request_count(room), 2);
	for (int i = 0; i < 3; i++)
		room_answer(room, JSON("400 Bad Request", ERRORS("DIGEST_INVALID")));
	assert_int_equal(put_by(room, DIGEST_SHA256, &put_result, &refused), -1);
	assert_int_equal(room_request_count(room), 5);
}

static void
what_the_registry_does_not_name_is_not_told(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;
	struct put_result put_result = { 0 };

	room_answer(room, EMPTY("201 Created"));
	assert_int_equal(put_by(room, DIGEST_SHA256, &put_result, &err), 0);
	assert_filed(&put_result, DIGEST_SHA256, false);
	answer_filed(room);
	assert_int_equal(put_by(room, DIGEST_SHA256, &put_result, &err), 0);
	assert_filed(&put_result, DIGEST_SHA256, true);
}

struct refusal {
	const char *answer;
	enum error_kind kind;
	const char *class_name; /* NULL: none */
};

static void
a_refused_manifest_says_what_can_be_done_about_it(void **state)
{
	static const struct refusal rows[] = {
		{ JSON("404 Not Found", ERRORS("MANIFEST_BLOB_UNKNOWN")), ERROR_CONTENT,
		  "blob_unknown" },
		{ JSON("400 Bad Request", ERRORS("MANIFEST_BLOB_UNKNOWN")), ERROR_CONTENT,
		  "blob_unknown" },
		{ JSON("400 Bad Request", ERRORS("MANIFEST_INVALID")), ERROR_UNAVAILABLE,
		  "protocol" },
		{ JSON("403 Forbidden", ERRORS("DENIED")), ERROR_DENIED, NULL },
		{ EMPTY("413 Too Large"), ERROR_FAILURE, "quota" },
		{ ANSWER("201 Created", "Docker-Content-Digest: " OTHER_DIGEST "\r\n", ""),
		  ERROR_CONTENT, "digest" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_ERROR struct error *err = NULL;

		room_answer(room, rows[i].answer);
		assert_int_equal(put(room, &err), -1);
		assert_int_equal(error_kind(err), rows[i].kind);
		if (rows[i].class_name)
			assert_string_equal(error_class(err), rows[i].class_name);
	}
}

static void
a_tag_that_may_not_be_overwritten_is_fine_when_it_holds_the_same(void **state)
{
	struct room *room = *state;
	AUTO_ERROR struct error *same = NULL;
	AUTO_ERROR struct error *other = NULL;

	room_answer(room, EMPTY("409 Conflict"));
	room_answer(room, EMPTY("405 Method Not Allowed"));
	room_answer(room, MANIFEST(""));
	room_answer(room, EMPTY("412 Precondition Failed"));
	room_answer(room, ANSWER("200 OK", "Docker-Content-Digest: " OTHER_DIGEST "\r\n", ""));
	assert_int_equal(put(room, &same), 0);
	assert_int_equal(put(room, &other), -1);
	assert_int_equal(error_kind(other), ERROR_REFUSED);
	assert_string_equal(error_class(other), "tag_conflict");
}

static int
list(struct room *room, struct strings *tags, struct error **err)
{
	AUTO_STRINGS struct strings others = { 0 };

	if (!room->registry)
		room_start(room);
	return registry_list_tags(room->endpoint, tags, &others, err);
}

static void
tags_come_page_by_page(void **state)
{
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, ANSWER("200 OK", "Link: </v2/app/tags/list?last=b&n=0>; rel=\"next\"\r\n",
				 "{\"tags\": [\"b\", \"a\"]}"));
	room_answer(room, JSON("200 OK", "{\"tags\": [\"c\"]}"));
	assert_int_equal(list(room, &tags, &err), 0);
	assert_request(room, 0, "GET /v2/app/tags/list?n=1000 ");
	assert_request(room, 1, "GET /v2/app/tags/list?last=b&n=0 ");
	assert_int_equal(tags.count, 3);
	assert_string_equal(tags.items[0], "b");
}

static void
tags_may_be_null(void **state)
{
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, JSON("200 OK", "{\"name\": \"app\", \"tags\": null}"));
	assert_int_equal(list(room, &tags, &err), 0);
	assert_int_equal(tags.count, 0);
}

static void
a_list_of_tags_that_is_none_adds_nothing(void **state)
{
	static const char *const answers[] = {
		ANSWER("200 OK", "Link: <?n=1000>; rel=\"next\"\r\n", "{\"tags\": [\"a\"]}"),
		ANSWER("200 OK", "Link: <http://127.0.0.2:9/x>; rel=\"next\"\r\n",
		       "{\"tags\": []}"),
		ANSWER("200 OK", "Link: <file:///etc/passwd>; rel=\"next\"\r\n", "{\"tags\": []}"),
		JSON("200 OK", "{\"tags\": [\"a\", 7]}"),
		JSON("200 OK", "{\"tags\": {}}"),
		JSON("200 OK", "{}"),
		JSON("200 OK", "<html>"),
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		AUTO_STRINGS struct strings tags = { 0 };
		AUTO_ERROR struct error *err = NULL;

		room_answer(room, answers[i]);
		if (list(room, &tags, &err) == 0)
			fail_msg("%s", answers[i]);
		assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
		assert_string_equal(error_class(err), "protocol");
		assert_int_equal(tags.count, 0);
		assert_int_equal(room_request_count(room), i + 1);
	}
}

static void
the_tags_of_an_unknown_repository_are_absent(void **state)
{
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, JSON("404 Not Found", ERRORS("NAME_UNKNOWN")));
	assert_int_equal(list(room, &tags, &err), -1);
	assert_int_equal(error_kind(err), ERROR_ABSENT);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_manifest_comes_byte_for_byte_with_its_descriptor),
		IN_ROOM(a_type_that_the_server_does_not_name_is_read_from_the_document),
		IN_ROOM(by_tag_the_named_digest_must_be_that_of_the_bytes),
		IN_ROOM(by_digest_the_header_does_not_count_and_the_bytes_do),
		IN_ROOM(a_success_that_is_no_manifest_is_no_presence),
		IN_ROOM(a_redirect_of_a_manifest_is_followed),
		IN_ROOM(a_404_with_a_code_proves_absence_by_itself),
		IN_ROOM(a_404_without_a_code_is_confirmed_by_the_registry_and_a_second_answer),
		IN_ROOM(a_404_where_no_registry_answers_is_unknown),
		IN_ROOM(a_404_that_does_not_last_is_present),
		IN_ROOM(a_second_answer_with_a_code_is_told_beside_the_first),
		IN_ROOM(a_manifest_that_comes_damaged_once_is_asked_for_once_more),
		IN_ROOM(a_page_or_a_word_about_accept_is_unknown),
		IN_ROOM(nothing_but_a_tag_or_a_digest_gets_into_a_url),
		IN_ROOM(a_head_that_does_not_tell_is_followed_by_a_get),
		IN_ROOM(a_manifest_is_put_under_its_own_type),
		IN_ROOM(what_is_no_sha256_is_put_by_digest_and_tag_at_once),
		IN_ROOM(where_that_is_not_heard_of_the_tag_names_what_the_registry_says),
		IN_ROOM(what_the_registry_does_not_name_is_not_told),
		IN_ROOM(a_manifest_that_the_registry_read_by_half_is_sent_again),
		IN_ROOM(a_refused_manifest_says_what_can_be_done_about_it),
		IN_ROOM(a_tag_that_may_not_be_overwritten_is_fine_when_it_holds_the_same),
		IN_ROOM(tags_come_page_by_page),
		IN_ROOM(tags_may_be_null),
		IN_ROOM(a_list_of_tags_that_is_none_adds_nothing),
		IN_ROOM(the_tags_of_an_unknown_repository_are_absent),
	};

	return cmocka_run_group_tests_name("manifests", tests, NULL, NULL);
}
