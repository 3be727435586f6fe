/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a list of tags, or of a package's versions, is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "registry/github/packages.h"
#include "registry/tags.h"
#include "registry_room.h"

#define PAGE_TAGS \
	90000 /* fewer than JSON_LIMIT_TOKENS, and of one letter each less than a page \
	       */

static void
append(struct buf *text, const char *more)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(buf_append_text(text, more, &err), 0);
}

/* Items "a", `count` of them. */
static void
append_tags(struct buf *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		append(text, i + 1 < count ? "\"a\"," : "\"a\"");
}

/* With `fill_bytes` of white space, and a link to another page unless it is the last. */
static void
answer_tags(struct room *room, size_t count, size_t fill_bytes, int next)
{
	AUTO_BUF struct buf text = BUF_INIT(4 * MIB);
	AUTO_FREE char *fill = xcalloc(1, fill_bytes + 1);
	AUTO_FREE char *link =
		xasprintf("Link: </v2/app/tags/list?page=%d>; rel=\"next\"\r\n", next);

	memset(fill, ' ', fill_bytes);
	append(&text, "HTTP/1.1 200 OK\r\nConnection: close\r\n");
	append(&text, next ? link : "");
	append(&text, "\r\n{\"tags\":[");
	append_tags(&text, count);
	append(&text, "]}");
	append(&text, fill);
	room_answer(room, text.data);
}

static int
list_tags(struct room *room, size_t *ret_count)
{
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_STRINGS struct strings others = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (!room->registry)
		room_start(room);
	if (registry_list_tags(room->endpoint, &tags, &others, &err) == 0) {
		*ret_count = tags.count;
		return 0;
	}
	assert_int_equal(tags.count, 0);
	return -1;
}

static int
list_so_many_tags(struct room *room, size_t count)
{
	int page = 0;
	size_t told;

	for (; count > PAGE_TAGS; count -= PAGE_TAGS)
		answer_tags(room, PAGE_TAGS, 0, ++page);
	answer_tags(room, count, 0, 0);
	return list_tags(room, &told) < 0 ? -1 : (int)told;
}

static void
as_many_tags_as_the_limit_are_taken(void **state)
{
	assert_int_equal(list_so_many_tags(*state, TAGS_LIMIT_COUNT), TAGS_LIMIT_COUNT);
}

static void
one_tag_more_is_refused(void **state)
{
	assert_int_equal(list_so_many_tags(*state, TAGS_LIMIT_COUNT + 1), -1);
}

static void
a_page_of_tags_may_be_as_long_as_the_limit(void **state)
{
	static const size_t rest_bytes = sizeof("{\"tags\":[\"a\"]}") - 1;
	struct room *room = *state;
	size_t count;

	answer_tags(room, 1, TAGS_PAGE_LIMIT_BYTES - rest_bytes, 0);
	answer_tags(room, 1, TAGS_PAGE_LIMIT_BYTES - rest_bytes + 1, 0);
	assert_int_equal(list_tags(room, &count), 0);
	assert_int_equal(list_tags(room, &count), -1);
}

static int
list_so_many_pages(struct room *room, int count)
{
	size_t told;

	for (int page = 1; page < count; page++)
		answer_tags(room, 1, 0, page);
	answer_tags(room, 1, 0, 0);
	return list_tags(room, &told) < 0 ? -1 : (int)told;
}

static void
as_many_pages_of_tags_as_the_limit_are_asked_for(void **state)
{
	assert_int_equal(list_so_many_pages(*state, TAGS_PAGES_LIMIT_COUNT),
			 TAGS_PAGES_LIMIT_COUNT);
}

static void
one_page_of_tags_more_is_not_asked_for(void **state)
{
	struct room *room = *state;

	assert_int_equal(list_so_many_pages(room, TAGS_PAGES_LIMIT_COUNT + 1), -1);
	assert_int_equal(room_request_count(room), TAGS_PAGES_LIMIT_COUNT);
}

/* The versions from `first` on; `tags` in each. */
static void
answer_versions(struct room *room, unsigned first, unsigned count, const char *tags, bool more)
{
	AUTO_BUF struct buf text = BUF_INIT(8 * MIB);

	append(&text, "HTTP/1.1 200 OK\r\nConnection: close\r\n");
	append(&text, more ? "Link: <https://x/>; rel=\"next\"\r\n\r\n[" : "\r\n[");
	for (unsigned i = 0; i < count; i++) {
		AUTO_FREE char *version = xasprintf("%s{\"id\":%u,\"name\":\"sha256:%064x\","
						    "\"created_at\":\"2026-01-01T00:00:00Z\","
						    "\"updated_at\":\"2026-01-02T00:00:00Z\","
						    "\"metadata\":{\"container\":{\"tags\":[%s]}}}",
						    i ? "," : "", first + i, first + i, tags);

		append(&text, version);
	}
	append(&text, "]");
	room_answer(room, text.data);
}

/* How many versions the package has; -1: that was not believed, and *ret_error is the caller's. */
static int
list_versions(struct room *room, struct error **ret_error)
{
	AUTO_FREE char *url = http_server_url(&room->server, "/");
	AUTO_PACKAGES struct packages *packages = NULL;
	const struct package_version *versions;
	size_t count;

	if (!room->registry)
		room_start(room);
	assert_int_equal(setenv("GITHUB_API_URL", url, 1), 0);
	assert_int_equal(setenv("GITHUB_TOKEN", "t0ken", 1), 0);
	packages = packages_new(room->engine, "ghcr.io", "owner/group/app", ret_error);
	assert_non_null(packages);
	if (packages_list(packages, &versions, &count, ret_error) < 0)
		return -1;
	assert_true(count == 0 || versions[0].pushed_s == 1767312000);
	return (int)count;
}

static void
versions_come_page_by_page_for_an_organization_else_for_a_user(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct room *room = *state;

	room_answer(room, JSON("404 Not Found", "{\"message\": \"Not Found\"}"));
	answer_versions(room, 1, 100, "\"v1\",\"latest\"", false);
	answer_versions(room, 101, 7, "", false);
	assert_int_equal(list_versions(room, &err), 107);
	assert_request(room, 0,
		       "GET /orgs/owner/packages/container/group%2Fapp/versions"
		       "?per_page=100&page=1 ");
	assert_request(room, 1,
		       "GET /users/owner/packages/container/group%2Fapp/versions"
		       "?per_page=100&page=1 ");
	assert_request(room, 2,
		       "GET /users/owner/packages/container/group%2Fapp/versions"
		       "?per_page=100&page=2 ");
	assert_request_has(room, 2, "Authorization: Bearer t0ken");
}

static void
tags_that_are_not_strings_are_wrong_content(void **state)
{
	static const char *const tags[] = { "7", "{}", "null" };
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		AUTO_ERROR struct error *err = NULL;

		answer_versions(room, 1, 1, tags[i], false);
		assert_int_equal(list_versions(room, &err), -1);
		assert_true(error_is(err, ERROR_CONTENT));
	}
}

static void
a_page_of_versions_may_be_as_long_as_the_limit(void **state)
{
	AUTO_FREE char *fill = xcalloc(1, PACKAGES_PAGE_LIMIT_BYTES + 1);
	struct room *room = *state;

	memset(fill, ' ', PACKAGES_PAGE_LIMIT_BYTES);
	for (int more = 0; more < 2; more++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *answer = xasprintf(
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[%s]", fill + 2 - more);

		room_answer(room, answer);
		assert_int_equal(list_versions(room, &err), more ? -1 : 0);
	}
}

static int
list_so_many_versions(struct room *room, unsigned count, struct error **ret_error)
{
	unsigned first = 1;

	for (; count - first + 1 > 1000; first += 1000)
		answer_versions(room, first, 1000, "", true);
	answer_versions(room, first, count - first + 1, "", false);
	/* A full page may have another behind it. */
	answer_versions(room, 0, 0, "", false);
	return list_versions(room, ret_error);
}

static void
as_many_versions_as_the_limit_are_taken(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(list_so_many_versions(*state, PRUNE_LIMIT_COUNT, &err), PRUNE_LIMIT_COUNT);
}

static void
one_version_more_is_refused(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(list_so_many_versions(*state, PRUNE_LIMIT_COUNT + 1, &err), -1);
	assert_true(error_is(err, ERROR_FAILURE));
}

/* Pages without versions, which claim that there are more. */
static int
list_so_many_empty_pages(struct room *room, unsigned count, struct error **ret_error)
{
	for (unsigned i = 1; i < count; i++)
		answer_versions(room, 1, 0, "", true);
	answer_versions(room, 1, 0, "", false);
	return list_versions(room, ret_error);
}

static void
as_many_pages_of_versions_as_the_limit_are_asked_for(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(list_so_many_empty_pages(*state, PACKAGES_PAGES_LIMIT_COUNT, &err), 0);
}

static void
one_page_of_versions_more_is_too_many(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(list_so_many_empty_pages(*state, PACKAGES_PAGES_LIMIT_COUNT + 1, &err),
			 -1);
	assert_true(error_is(err, ERROR_UNAVAILABLE));
}

/* Of versions with 90,000 tags each. */
static int
list_so_many_tags_of_versions(struct room *room, size_t count, struct error **ret_error)
{
	unsigned version = 1;

	for (; count > 0; version++) {
		AUTO_BUF struct buf tags = BUF_INIT(4 * MIB);
		size_t here = count < PAGE_TAGS ? count : PAGE_TAGS;

		append_tags(&tags, here);
		count -= here;
		answer_versions(room, version, 1, tags.data, count > 0);
	}
	return list_versions(room, ret_error);
}

static void
versions_may_have_as_many_tags_as_the_limit(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(list_so_many_tags_of_versions(*state, TAGS_LIMIT_COUNT, &err), 12);
}

static void
one_tag_of_a_version_more_is_refused(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(list_so_many_tags_of_versions(*state, TAGS_LIMIT_COUNT + 1, &err), -1);
	assert_true(error_is(err, ERROR_FAILURE));
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(as_many_tags_as_the_limit_are_taken),
		IN_ROOM(one_tag_more_is_refused),
		IN_ROOM(a_page_of_tags_may_be_as_long_as_the_limit),
		IN_ROOM(as_many_pages_of_tags_as_the_limit_are_asked_for),
		IN_ROOM(one_page_of_tags_more_is_not_asked_for),
		IN_ROOM(versions_come_page_by_page_for_an_organization_else_for_a_user),
		IN_ROOM(tags_that_are_not_strings_are_wrong_content),
		IN_ROOM(a_page_of_versions_may_be_as_long_as_the_limit),
		IN_ROOM(as_many_versions_as_the_limit_are_taken),
		IN_ROOM(one_version_more_is_refused),
		IN_ROOM(as_many_pages_of_versions_as_the_limit_are_asked_for),
		IN_ROOM(one_page_of_versions_more_is_too_many),
		IN_ROOM(versions_may_have_as_many_tags_as_the_limit),
		IN_ROOM(one_tag_of_a_version_more_is_refused),
	};

	return cmocka_run_group_tests_name("listings", tests, NULL, NULL);
}
