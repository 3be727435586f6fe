/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "image/ensure/join.h"
#include "oci/annotation.h"
#include "oci/index.h"

/* What the tag lists now, and what it is to list. */
struct joining {
	struct image_index current;
	struct image_index joined;
	bool by_hash;
};

static void
start(struct joining *joining)
{
	*joining = (struct joining){ .by_hash = false };
	joining->current.annotations = json_object();
	joining->joined.annotations = json_object();
}

static void
joining_release(struct joining *joining)
{
	image_index_release(&joining->current);
	image_index_release(&joining->joined);
}
#define AUTO_JOINING CLEANUP(joining_release)

static bool
is_done(const struct joining *joining)
{
	return join_is_done(&joining->current, &joining->joined, joining->by_hash);
}

/* Another image for each letter. */
static void
add(struct image_index *index, const char *letters)
{
	for (; *letters; letters++) {
		struct descriptor entry = { .media_type = (char *)(uintptr_t)MEDIA_OCI_MANIFEST,
					    .digest = digest_of(DIGEST_SHA256, letters, 1) };

		descriptors_add(&index->manifests, &entry);
	}
}

static void
add_record(struct image_index *index, const char *letter)
{
	struct descriptor entry = { .media_type = (char *)(uintptr_t)MEDIA_OCI_MANIFEST,
				    .artifact_type = (char *)(uintptr_t)MEDIA_INPUTS,
				    .digest = digest_of(DIGEST_SHA256, letter, 1) };

	descriptors_add(&index->manifests, &entry);
}

static void
it_is_done_when_the_tag_lists_just_what_is_there(void **state)
{
	static const struct {
		const char *current;
		const char *joined;
		bool is_done;
	} cases[] = {
		{ "", "", true },      { "ab", "ab", true }, { "ba", "ab", true },
		{ "a", "ab", false },  { "ab", "a", false }, { "", "a", false },
		{ "ab", "ac", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO_JOINING struct joining joining;

		start(&joining);
		add(&joining.current, cases[i].current);
		add(&joining.joined, cases[i].joined);
		if (is_done(&joining) != cases[i].is_done)
			fail_msg("'%s' for '%s'", cases[i].current, cases[i].joined);
	}
}

static void
annotations_that_are_asked_for_have_to_be_there(void **state)
{
	AUTO_JOINING struct joining joining;

	(void)state;
	start(&joining);
	add(&joining.current, "a");
	add(&joining.joined, "a");
	assert_true(image_index_set_annotation(&joining.joined, "k", "v"));
	assert_false(is_done(&joining));
	assert_true(image_index_set_annotation(&joining.current, "k", "other"));
	assert_false(is_done(&joining));
	assert_true(image_index_set_annotation(&joining.current, "k", "v"));
	assert_true(is_done(&joining));
}

static void
an_image_by_hash_has_its_fingerprint_and_its_record_in_the_index(void **state)
{
	AUTO_JOINING struct joining joining;

	(void)state;
	start(&joining);
	joining.by_hash = true;
	add(&joining.current, "a");
	add(&joining.joined, "a");
	assert_false(is_done(&joining));
	assert_true(image_index_set_annotation(&joining.current, ANNOTATION_FINGERPRINT, "f"));
	assert_false(is_done(&joining));
	add_record(&joining.current, "r");
	assert_true(is_done(&joining));
}

/* Two runners at different commits would else write over each other for ever. */
static void
another_runners_record_is_as_good(void **state)
{
	AUTO_JOINING struct joining joining;

	(void)state;
	start(&joining);
	add(&joining.current, "a");
	add_record(&joining.current, "r");
	add(&joining.joined, "a");
	assert_true(is_done(&joining));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_done_when_the_tag_lists_just_what_is_there),
		cmocka_unit_test(annotations_that_are_asked_for_have_to_be_there),
		cmocka_unit_test(an_image_by_hash_has_its_fingerprint_and_its_record_in_the_index),
		cmocka_unit_test(another_runners_record_is_as_good),
	};

	return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
