/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/location.h"

#define HEX_32 "0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX_32 HEX_32

struct row {
	const char *text;
	enum transport transport;
	const char *path; /* NULL for a row that is refused */
	const char *tag;
	const char *digest;
};

static const struct row rows[] = {
	{ "oci:dir", TRANSPORT_LAYOUT, "dir", NULL, "" },
	{ "oci:./dir", TRANSPORT_LAYOUT, "./dir", NULL, "" },
	{ "oci:/a/b:tag", TRANSPORT_LAYOUT, "/a/b", "tag", "" },
	{ "oci:dir:a:b", TRANSPORT_LAYOUT, "dir", "a:b", "" },
	{ "oci:dir:ghcr.io/a/b:1", TRANSPORT_LAYOUT, "dir", "ghcr.io/a/b:1", "" },
	{ "oci:dir@" DIGEST, TRANSPORT_LAYOUT, "dir", NULL, DIGEST },
	{ "oci:dir:tag@" DIGEST, TRANSPORT_LAYOUT, "dir", "tag", DIGEST },
	{ "oci:a@b", TRANSPORT_LAYOUT, "a@b", NULL, "" },
	{ "oci:a@b@" DIGEST, TRANSPORT_LAYOUT, "a@b", NULL, DIGEST },
	{ "oci:a@b:c", TRANSPORT_LAYOUT, "a@b", "c", "" },
	{ "oci:a b/c", TRANSPORT_LAYOUT, "a b/c", NULL, "" },
	{ "oci:./-", TRANSPORT_LAYOUT, "./-", NULL, "" },
	{ "oci-archive:f.tar", TRANSPORT_OCI_ARCHIVE, "f.tar", NULL, "" },
	{ "oci-archive:f.tar:t@" DIGEST, TRANSPORT_OCI_ARCHIVE, "f.tar", "t", DIGEST },
	{ "oci-archive:-", TRANSPORT_OCI_ARCHIVE, "-", NULL, "" },
	{ "oci-archive:-:t", TRANSPORT_OCI_ARCHIVE, "-", "t", "" },
	{ "docker-archive:f.tar", TRANSPORT_DOCKER_ARCHIVE, "f.tar", NULL, "" },
	{ "docker-archive:f.tar:debian:12", TRANSPORT_DOCKER_ARCHIVE, "f.tar", "debian:12", "" },
	{ "docker-archive:-", TRANSPORT_DOCKER_ARCHIVE, "-", NULL, "" },
	{ "rootfs:/", TRANSPORT_ROOTFS, "/", NULL, "" },
	{ "rootfs:a:b@c", TRANSPORT_ROOTFS, "a:b@c", NULL, "" },
	{ "oci:", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci::tag", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci:@" DIGEST, TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci:dir:", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci:dir:-x", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci:dir:a b", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci:dir:a\n", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci:dir\nx", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci-archive:\x1b[31m.tar", TRANSPORT_OCI_ARCHIVE, NULL, NULL, NULL },
	{ "rootfs:a\x7f", TRANSPORT_ROOTFS, NULL, NULL, NULL },
	{ "oci:dir@sha256:abc", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci:dir@sha512:" HEX_32, TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "oci:-", TRANSPORT_LAYOUT, NULL, NULL, NULL },
	{ "rootfs:", TRANSPORT_ROOTFS, NULL, NULL, NULL },
	{ "rootfs:-", TRANSPORT_ROOTFS, NULL, NULL, NULL },
	{ "docker-archive:", TRANSPORT_DOCKER_ARCHIVE, NULL, NULL, NULL },
	{ "OCI:dir", TRANSPORT_REGISTRY, NULL, NULL, NULL },
	{ "docker://a", TRANSPORT_REGISTRY, NULL, NULL, NULL },
	{ "debian:12", TRANSPORT_REGISTRY, NULL, NULL, NULL },
};

static void
assert_row(const struct row *row)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_LOCATION struct location copy = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	if (location_parse(row->text, &location, &err) < 0)
		fail_msg("'%s': %s", row->text, error_text(err));
	assert_int_equal(location.transport, row->transport);
	assert_string_equal(location.path, row->path);
	assert_string_equal(location.reference.tag ? location.reference.tag : "",
			    row->tag ? row->tag : "");
	assert_string_equal(digest_text(&location.reference.digest).text, row->digest);
	location_copy(&location, &copy);
	location_release(&location);
	text = location_format(&copy);
	assert_string_equal(text, row->text);
}

static void
local_transports_are_split_as_skopeo_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].path)
			assert_row(&rows[i]);
}

static void
what_names_nothing_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_LOCATION struct location location = { 0 };
		AUTO_ERROR struct error *err = NULL;

		if (rows[i].path)
			continue;
		if (location_parse(rows[i].text, &location, &err) == 0)
			fail_msg("'%s' was taken", rows[i].text);
		assert_int_equal(error_kind(err), ERROR_USAGE);
		assert_null(location.path);
	}
}

static void
anything_else_is_a_registry(void **state)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	assert_int_equal(location_parse("H.io/a:t@" DIGEST, &location, &err), 0);
	assert_int_equal(location.transport, TRANSPORT_REGISTRY);
	assert_null(location.path);
	text = location_format(&location);
	assert_string_equal(text, "h.io/a:t@" DIGEST);
}

static void
a_name_of_the_project_file_is_no_location(void **state)
{
	(void)state;
	assert_false(location_is("ci"));
	assert_false(location_is("base-image_2"));
	assert_false(location_is(""));
	assert_false(location_is("oci"));
	assert_true(location_is("oci:dir"));
	assert_true(location_is("rootfs:dir"));
	assert_true(location_is("h.io/a"));
	assert_true(location_is("owner/a"));
	assert_true(location_is("debian:12"));
	assert_true(location_is("debian@" DIGEST));
}

static void
a_path_has_a_limit(void **state)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *longest = xasprintf("oci:%0*d", PATH_LIMIT_BYTES - 1, 0);
	AUTO_FREE char *too_long = xasprintf("oci:%0*d", PATH_LIMIT_BYTES, 0);

	(void)state;
	assert_int_equal(location_parse(longest, &location, &err), 0);
	assert_int_equal(location_parse(too_long, &location, &err), -1);
}

static void
a_name_in_a_layout_has_room_for_a_whole_reference(void **state)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *longest = xasprintf("oci:d:%0524d", 0);
	AUTO_FREE char *too_long = xasprintf("oci:d:%0525d", 0);

	(void)state;
	assert_int_equal(location_parse(longest, &location, &err), 0);
	assert_int_equal(location_parse(too_long, &location, &err), -1);
}

static void
an_image_of_a_registry_may_have_the_scheme_of_skopeo(void **state)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	assert_int_equal(location_parse("docker://h.io/a:1", &location, &err), 0);
	text = location_format(&location);
	assert_string_equal(text, "h.io/a:1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_of_a_registry_may_have_the_scheme_of_skopeo),
		cmocka_unit_test(local_transports_are_split_as_skopeo_does),
		cmocka_unit_test(what_names_nothing_is_refused),
		cmocka_unit_test(anything_else_is_a_registry),
		cmocka_unit_test(a_name_of_the_project_file_is_no_location),
		cmocka_unit_test(a_path_has_a_limit),
		cmocka_unit_test(a_name_in_a_layout_has_room_for_a_whole_reference),
	};

	return cmocka_run_group_tests_name("location", tests, NULL, NULL);
}
