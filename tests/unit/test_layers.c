/* SPDX-License-Identifier: Apache-2.0 */
/* With the real program, which $OCIFP_LIBEXEC names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ability.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "image/prune/image_gc.h"
#include "image/unpack/image_layers.h"
#include "image/unpack/image_unpacker.h"
#include "layers_room.h"
#include "oci/media_type.h"
#include "repository/session.h"
#include "store/layer_trees.h"
#include "store_room.h"

struct fixture {
	struct session *session;
	struct store *store;
	struct local_image image;
};

static struct fixture fixture;

static int
set_up(void **state)
{
	const struct session_options options = { .store_path = "store" };

	enter_room(state);
	fixture = (struct fixture){ .session = session_new(&options) };
	fixture.store = session_store(fixture.session, NULL);
	assert_non_null(fixture.store);
	return 0;
}

static int
tear_down(void **state)
{
	local_image_release(&fixture.image);
	session_free(fixture.session);
	return leave_room(state);
}

/* Takes the fixture's image. */
static int
unpack(struct image_layers *ret_layers, struct error **err)
{
	CLEANUP(image_unpacker_release) struct image_unpacker unpacker = { 0 };

	put_layers(fixture.store, &fixture.image);
	assert_int_equal(store_commit(fixture.store, NULL), 0);
	assert_int_equal(image_layers_begin(&unpacker, fixture.session, NULL), 0);
	image_unpacker_take(&unpacker, &fixture.image);
	return image_layers_finish(&unpacker, ret_layers, err);
}

static struct image_layers
unpacked(void)
{
	struct image_layers layers = { 0 };
	AUTO_ERROR struct error *failure = NULL;

	if (unpack(&layers, &failure) < 0)
		fail_msg("%s", error_text(failure));
	return layers;
}

static void
assert_file(const struct image_layers *layers, size_t number, const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", layers->paths.items[number], name);

	assert_holds(path, text);
}

static void
the_lowest_layer_comes_first(void **state)
{
	AUTO_IMAGE_LAYERS struct image_layers layers = { 0 };

	(void)state;
	need("user_xattrs job_layers");
	add_layer(&fixture.image, "echo below >below");
	add_layer(&fixture.image, "echo above >above");
	layers = unpacked();
	assert_false(layers.is_flat);
	assert_int_equal(layers.paths.count, 2);
	assert_int_equal(layers.lock_count, 2);
	assert_file(&layers, 0, "below", "below\n");
	assert_file(&layers, 1, "above", "above\n");
	assert_no_child();
}

static void
a_layer_that_comes_twice_lies_where_it_came_last(void **state)
{
	AUTO_IMAGE_LAYERS struct image_layers layers = { 0 };

	(void)state;
	need("user_xattrs job_layers");
	add_layer(&fixture.image, "echo twice >file");
	add_layer(&fixture.image, "echo between >file");
	add_layer(&fixture.image, "echo twice >file");
	layers = unpacked();
	assert_false(layers.is_flat);
	assert_int_equal(layers.paths.count, 2);
	assert_file(&layers, 0, "file", "between\n");
	assert_file(&layers, 1, "file", "twice\n");
}

static void
images_share_the_layers_that_they_have_in_common(void **state)
{
	AUTO_IMAGE_LAYERS struct image_layers first = { 0 };
	AUTO_IMAGE_LAYERS struct image_layers second = { 0 };

	(void)state;
	need("user_xattrs job_layers");
	add_layer(&fixture.image, "echo shared >shared");
	first = unpacked();
	assert_false(first.is_flat);
	add_layer(&fixture.image, "echo shared >shared");
	add_layer(&fixture.image, "echo own >own");
	second = unpacked();
	assert_string_equal(second.paths.items[0], first.paths.items[0]);
	assert_int_equal(second.paths.count, 2);
}

static void
a_layer_that_claims_the_diff_id_of_another_is_refused(void **state)
{
	AUTO_IMAGE_LAYERS struct image_layers first = { 0 };
	AUTO_IMAGE_LAYERS struct image_layers second = { 0 };
	AUTO_ERROR struct error *failure = NULL;
	struct digest diff_id;

	(void)state;
	need("job_layers");
	add_layer(&fixture.image, "echo honest >file");
	diff_id = fixture.image.config.diff_ids[0];
	first = unpacked();
	add_layer(&fixture.image, "echo other >file");
	fixture.image.config.diff_ids[0] = diff_id;
	assert_int_equal(unpack(&second, &failure), -1);
	assert_int_equal(error_kind(failure), ERROR_CONTENT);
	assert_non_null(strstr(error_text(failure), "cannot unpack 'sha256:"));
	assert_non_null(strstr(error_text(failure), "layer 1 of 1: "));
	assert_file(&first, 0, "file", "honest\n");
}

static void
layers_that_do_not_fit_become_one_tree(void **state)
{
	AUTO_IMAGE_LAYERS struct image_layers layers = { 0 };
	AUTO_FREE char *path = NULL;

	(void)state;
	need("job_layers");
	add_layer(&fixture.image, "mkdir -m 0700 d; echo below >d/below");
	add_layer(&fixture.image, "mkdir d; echo above >d/above; what=d/above");
	layers = unpacked();
	assert_true(layers.is_flat);
	assert_int_equal(layers.paths.count, 1);
	assert_file(&layers, 0, "d/below", "below\n");
	assert_file(&layers, 0, "d/above", "above\n");
	path = xasprintf("%s/d", layers.paths.items[0]);
	assert_int_equal(mode_of(path), 0700);
}

static void
an_image_without_layers_has_no_tree(void **state)
{
	AUTO_IMAGE_LAYERS struct image_layers layers = unpacked();

	(void)state;
	need("job_layers");
	assert_int_equal(layers.paths.count, 0);
	assert_int_equal(layers.lock_count, 0);
}

static unsigned
collect(void)
{
	struct image_gc_result result = { 0 };
	AUTO_ERROR struct error *failure = NULL;

	if (image_gc(fixture.store, 0, false, &result, &failure) < 0)
		fail_msg("%s", error_text(failure));
	return result.removed_trees;
}

static void
trees_of_another_version_are_not_used(void **state)
{
	AUTO_IMAGE_LAYERS struct image_layers layers = { 0 };

	(void)state;
	need("job_layers");
	add_layer(&fixture.image, "echo text >file");
	layers = unpacked();
	image_layers_release(&layers);
	run("cd store/.ocifp/layers && for tree in *; do echo old >$tree/fs/file &&"
	    " mv $tree $(echo $tree | sed s/-" LAYER_TREES_VERSION "-/-/); done");
	add_layer(&fixture.image, "echo text >file");
	layers = unpacked();
	assert_file(&layers, 0, "file", "text\n");
}

static void
gc_leaves_the_trees_that_somebody_uses(void **state)
{
	AUTO_IMAGE_LAYERS struct image_layers layers = { 0 };
	AUTO_FREE char *path = NULL;

	(void)state;
	need("job_layers");
	add_layer(&fixture.image, "echo x >file");
	layers = unpacked();
	path = xstrdup(layers.paths.items[0]);
	assert_int_equal(collect(), 0);
	assert_true(is_there(path));
	image_layers_release(&layers);
	assert_int_equal(collect(), 1);
	assert_false(is_there(path));
}

int
main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_STORE(the_lowest_layer_comes_first),
		WITH_STORE(a_layer_that_comes_twice_lies_where_it_came_last),
		WITH_STORE(images_share_the_layers_that_they_have_in_common),
		WITH_STORE(a_layer_that_claims_the_diff_id_of_another_is_refused),
		WITH_STORE(layers_that_do_not_fit_become_one_tree),
		WITH_STORE(an_image_without_layers_has_no_tree),
		WITH_STORE(trees_of_another_version_are_not_used),
		WITH_STORE(gc_leaves_the_trees_that_somebody_uses),
	};

	return cmocka_run_group_tests_name("layers", tests, NULL, NULL);
}
