/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "image/prune/prune.h"
#include "in_image_room.h"
#include "oci/media_type.h"

static struct strings none;

/* `pattern` of tags that are kept. */
static int
make_plan(struct prune_plan *plan, const char *pattern, struct error **err)
{
	AUTO_STRINGS struct strings patterns = { 0 };
	struct prune_rules rules = { .tag_patterns = &patterns, .used = &none, .used_by = &none };

	strings_add(&patterns, pattern);
	return prune_plan_make(&room->repository, &rules, plan, err);
}

static struct descriptor
add_tagged(const char *layer, const char *tag)
{
	struct descriptor image = image_room_add_image(room, "linux/amd64", layer);

	image_room_tag(room, &image, tag);
	return image;
}

static void
what_nothing_kept_leads_to_goes(void **state)
{
	AUTO_DESCRIPTOR struct descriptor kept = add_tagged("a", "v1");
	AUTO_DESCRIPTOR struct descriptor gone = add_tagged("b", "x1");
	AUTO_PRUNE_PLAN struct prune_plan plan = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(make_plan(&plan, "v*", &err), 0);
	assert_int_equal(plan.kept_count, 1);
	assert_int_equal(plan.doomed_count, 1);
	assert_true(prune_graph_find(&plan.graph, &gone.digest)->is_doomed);
	/* Its config is that of the other but for the name, and its layer is its own. */
	assert_true(plan.freed_bytes > gone.size_bytes);
}

static void
a_plan_that_keeps_nothing_is_refused(void **state)
{
	AUTO_DESCRIPTOR struct descriptor gone = add_tagged("b", "x1");
	AUTO_PRUNE_PLAN struct prune_plan plan = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(make_plan(&plan, "v*", &err), -1);
	assert_true(error_is(err, ERROR_REFUSED));
	assert_string_equal(error_class(err), "keeps_nothing");
}

static void
a_tag_that_was_set_meanwhile_ends_it_and_is_shown_harmless(void **state)
{
	AUTO_DESCRIPTOR struct descriptor kept = add_tagged("a", "v1");
	AUTO_DESCRIPTOR struct descriptor gone = add_tagged("b", "x1");
	AUTO_PRUNE_PLAN struct prune_plan plan = { 0 };
	AUTO_ERROR struct error *err = NULL;
	size_t count = 7;

	(void)state;
	assert_int_equal(make_plan(&plan, "v*", &err), 0);
	image_room_tag(room, &gone, "::error::\033[31m");
	assert_int_equal(prune_plan_apply(&room->repository, &plan, &count, &err), -1);
	assert_true(error_is(err, ERROR_REFUSED));
	assert_int_equal(count, 0);
	assert_null(strchr(error_text(err), '\033'));
	assert_null(strstr(error_text(err), "::error"));
	assert_non_null(strstr(error_text(err), "\\x1b[31m"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(what_nothing_kept_leads_to_goes),
		IN_ROOM(a_plan_that_keeps_nothing_is_refused),
		IN_ROOM(a_tag_that_was_set_meanwhile_ends_it_and_is_shown_harmless),
	};

	return cmocka_run_group_tests_name("prune", tests, NULL, NULL);
}
