/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/strings.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "image/transfer/push_tree.h"
#include "image_room.h"
#include "repository/session.h"

struct fixture {
	struct session *session;
	struct image_room *source;
	struct image_room *destination;
	struct image_node root;
	struct strings tags;
	struct error *err;
};

static void
read_root(struct fixture *fixture, const struct descriptor *root)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	struct content content = { .repository = &fixture->source->repository };
	struct selection selection = { 0 };

	assert_int_equal(repository_resolve(content.repository, NULL, &root->digest, &resolution,
					    &fixture->err),
			 0);
	assert_int_equal(
		image_tree_get(&content, &selection, &resolution, &fixture->root, &fixture->err),
		0);
}

/* An index of one image, tagged "one" and "two". */
static int
set_up(void **state)
{
	struct session_options options = { 0 };
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));
	AUTO_DESCRIPTOR struct descriptor image = { 0 };
	AUTO_DESCRIPTOR struct descriptor index = { 0 };

	fixture->session = session_new(&options);
	fixture->source = image_room_new();
	fixture->destination = image_room_new();
	image = image_room_add_image(fixture->source, "linux/amd64", "a");
	index = image_room_add(fixture->source, MEDIA_OCI_INDEX,
			       "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}",
			       MEDIA_OCI_INDEX, image_room_entry(&image, "linux/amd64"));
	read_root(fixture, &index);
	strings_add(&fixture->tags, "one");
	strings_add(&fixture->tags, "two");
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	image_node_release(&fixture->root);
	strings_release(&fixture->tags);
	error_free(fixture->err);
	image_room_free(fixture->source);
	image_room_free(fixture->destination);
	session_free(fixture->session);
	test_free(fixture);
	return 0;
}

static int
push(struct fixture *fixture, bool *ret_was_there)
{
	struct pushing pushing = {
		.session = fixture->session,
		.source = &fixture->source->repository,
		.destination = &fixture->destination->repository,
		.root = &fixture->root,
	};

	struct pushed pushed = { 0 };
	int result = push_tree(&pushing, &fixture->tags, &pushed, &fixture->err);

	*ret_was_there = pushed.was_there;
	return result;
}

/* The order of the calls, without what they name. */
static void
assert_calls(const struct fixture *fixture, const char *expected)
{
	char order[200] = "";
	const char *at = fixture->destination->calls;

	while (*at) {
		size_t size = strcspn(at, ":");

		(void)strncat(order, at, size);
		at += strcspn(at, " ");
		if (*at)
			(void)strncat(order, at++, 1);
	}
	assert_string_equal(order, expected);
}

static void
a_tag_is_put_after_all_that_it_needs(void **state)
{
	struct fixture *fixture = *state;
	bool was_there;

	assert_int_equal(push(fixture, &was_there), 0);
	assert_false(was_there);
	assert_calls(fixture, "has has blob blob put put put");
	assert_non_null(strstr(fixture->destination->calls, "put:one put:two"));
}

static void
an_image_that_is_there_costs_a_question_and_its_tags(void **state)
{
	struct fixture *fixture = *state;
	AUTO_DESCRIPTOR struct descriptor root = { 0 };
	bool was_there;

	root = image_room_add(fixture->destination, MEDIA_OCI_INDEX, "%s",
			      fixture->root.bytes.data);
	assert_int_equal(push(fixture, &was_there), 0);
	assert_true(was_there);
	assert_calls(fixture, "has put put");
}

static void
blobs_that_got_lost_are_sent_again(void **state)
{
	struct fixture *fixture = *state;
	bool was_there;

	fixture->destination->fail_put_once = "blob_unknown";
	assert_int_equal(push(fixture, &was_there), 0);
	assert_calls(fixture, "has has blob blob put blob blob put put put");
}

static void
another_refusal_of_a_manifest_ends_the_push_before_any_tag(void **state)
{
	struct fixture *fixture = *state;
	bool was_there;

	fixture->destination->fail_put_once = "manifest_invalid";
	assert_int_equal(push(fixture, &was_there), -1);
	assert_calls(fixture, "has has blob blob put");
	assert_null(strstr(fixture->destination->calls, "put:one"));
}

int
main(void)
{
#define PREPARED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PREPARED(a_tag_is_put_after_all_that_it_needs),
		PREPARED(an_image_that_is_there_costs_a_question_and_its_tags),
		PREPARED(blobs_that_got_lost_are_sent_again),
		PREPARED(another_refusal_of_a_manifest_ends_the_push_before_any_tag),
	};

	return cmocka_run_group_tests_name("image_push", tests, NULL, NULL);
}
