/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "oci/config.h"
#include "oci/config_edit.h"
#include "oci/document.h"
#include "oci/media_type.h"
#include "oci/platform.h"

/* Empty lists, for what a test does not change. */
static const struct strings none;

static struct config_change
change_of(int64_t created_s)
{
	return (struct config_change){
		.environment = &none,
		.entrypoint = &none,
		.command = &none,
		.labels = &none,
		.ports = &none,
		.volumes = &none,
		.created_by = "a test",
		.created_s = created_s,
	};
}

static json_t *
parse(const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	json_t *document = document_parse(text, strlen(text), &err);

	if (!document)
		fail_msg("%s", error_text(err));
	return document;
}

static void
assert_json(const json_t *document, const char *expected)
{
	AUTO_FREE char *text = document_format(document);

	assert_string_equal(text, expected);
}

#define DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"

static struct digest
a_digest(void)
{
	AUTO_ERROR struct error *err = NULL;
	struct digest digest;

	assert_int_equal(digest_parse(DIGEST, &digest, &err), 0);
	return digest;
}

static void
an_empty_configuration_is_one(void **state)
{
	AUTO_PLATFORM struct platform platform = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_CONFIG struct image_config config = { 0 };
	struct config_change change = change_of(0);
	AUTO_JSON json_t *document = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	assert_int_equal(platform_parse("linux/arm/v7", &platform, &err), 0);
	document = config_new(&platform);
	config_edit(document, &change, NULL, 0);
	text = document_format(document);
	assert_int_equal(image_config_parse(text, strlen(text), &config, &err), 0);
	assert_true(platform_equal(&config.platform, &platform));
	assert_string_equal(config.created, "1970-01-01T00:00:00Z");
	assert_int_equal(config.diff_id_count, 0);
}

static void
a_layer_gets_a_diff_id_and_a_history(void **state)
{
	AUTO_JSON json_t *document =
		parse("{\"x\":1.5,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
	struct config_change change = change_of(1600000000);
	struct digest diff_id = a_digest();

	(void)state;
	config_edit(document, &change, &diff_id, 1);
	assert_json(document,
		    "{\"x\":1.5,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]},"
		    "\"created\":\"2020-09-13T12:26:40Z\",\"config\":{},\"history\":["
		    "{\"created\":\"2020-09-13T12:26:40Z\",\"created_by\":\"a test\"}]}");
}

static void
a_history_that_does_not_fit_the_layers_is_left_alone(void **state)
{
	AUTO_JSON json_t *document = parse("{\"rootfs\":{\"diff_ids\":[\"" DIGEST "\"]}}");
	struct config_change change = change_of(0);
	struct digest diff_id = a_digest();

	(void)state;
	config_edit(document, &change, &diff_id, 1);
	assert_null(json_object_get(document, "history"));
}

static void
a_change_without_layers_is_an_empty_one_in_the_history(void **state)
{
	AUTO_JSON json_t *document =
		parse("{\"rootfs\":{\"diff_ids\":[]},\"history\":[{\"empty_layer\":true}]}");
	struct config_change change = change_of(0);
	const json_t *entry;

	(void)state;
	config_edit(document, &change, NULL, 0);
	assert_int_equal(json_array_size(json_object_get(document, "history")), 2);
	entry = json_array_get(json_object_get(document, "history"), 1);
	assert_true(json_is_true(json_object_get(entry, "empty_layer")));
}

static void
edit_run(json_t *document, const struct config_change *change, const char *expected)
{
	config_edit(document, change, NULL, 0);
	assert_json(json_object_get(document, "config"), expected);
}

static void
a_variable_takes_the_place_of_the_old_one(void **state)
{
	AUTO_JSON json_t *document = parse(
		"{\"config\":{\"Env\":[\"A=1\",\"AB=2\",\"B\"]},\"rootfs\":{\"diff_ids\":[]}}");
	AUTO_STRINGS struct strings variables = { 0 };
	struct config_change change = change_of(0);

	(void)state;
	strings_add(&variables, "A=3=4");
	strings_add(&variables, "C=");
	change.environment = &variables;
	edit_run(document, &change, "{\"Env\":[\"A=3=4\",\"AB=2\",\"B\",\"C=\"]}");
}

static void
an_entry_point_takes_the_old_command_away(void **state)
{
	static const char text[] = "{\"config\":{\"Entrypoint\":[\"a\"],\"Cmd\":[\"b\"]},"
				   "\"rootfs\":{\"diff_ids\":[]}}";
	AUTO_JSON json_t *first = parse(text);
	AUTO_JSON json_t *second = parse(text);
	AUTO_STRINGS struct strings words = { 0 };
	struct config_change change = change_of(0);

	(void)state;
	strings_add(&words, "c");
	strings_add(&words, "d");
	change.command = &words;
	edit_run(first, &change, "{\"Entrypoint\":[\"a\"],\"Cmd\":[\"c\",\"d\"]}");
	change.command = &none;
	change.entrypoint = &words;
	edit_run(second, &change, "{\"Entrypoint\":[\"c\",\"d\"]}");
}

static void
what_has_another_type_is_replaced(void **state)
{
	AUTO_JSON json_t *document =
		parse("{\"config\":null,\"rootfs\":{\"diff_ids\":[]},\"history\":7}");
	AUTO_STRINGS struct strings ports = { 0 };
	struct config_change change = change_of(0);

	(void)state;
	strings_add(&ports, "80");
	strings_add(&ports, "53/udp");
	change.ports = &ports;
	edit_run(document, &change, "{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}");
}

static void
a_manifest_keeps_what_is_not_known(void **state)
{
	AUTO_JSON json_t *document = parse("{\"config\":{\"old\":1},\"layers\":[1],\"x\":{\"y\":2},"
					   "\"annotations\":{\"a\":\"1\"}}");
	AUTO_JSON json_t *annotations = json_pack("{s:s}", "b", "2");
	AUTO_DESCRIPTORS struct descriptors layers = { 0 };
	static char config_type[] = MEDIA_OCI_CONFIG;
	static char layer_type[] = MEDIA_OCI_LAYER;
	struct descriptor config = { .media_type = config_type, .digest = a_digest() };
	struct descriptor layer = { .media_type = layer_type, .digest = a_digest() };

	(void)state;
	descriptors_add(&layers, &layer);
	manifest_edit(document, &config, &layers, annotations);
	assert_json(document, "{\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG
			      "\",\"digest\":\"" DIGEST "\",\"size\":0},\"layers\":[1,"
			      "{\"mediaType\":\"" MEDIA_OCI_LAYER "\",\"digest\":\"" DIGEST
			      "\",\"size\":0}],\"x\":{\"y\":2},"
			      "\"annotations\":{\"a\":\"1\",\"b\":\"2\"}}");
}

static void
parts_are_taken_away_before_any_is_set(void **state)
{
	AUTO_JSON json_t *document =
		parse("{\"config\":{\"Env\":[\"A=1\"],\"Cmd\":[\"c\"],\"User\":\"u\",\"x\":1},"
		      "\"rootfs\":{\"diff_ids\":[]}}");
	struct config_change change = change_of(0);
	struct strings variables = { 0 };

	(void)state;
	strings_add(&variables, "B=2");
	change.environment = &variables;
	change.cleared = CONFIG_ENVIRONMENT | CONFIG_USER | CONFIG_HEALTHCHECK;
	config_edit(document, &change, NULL, 0);
	assert_json(json_object_get(document, "config"),
		    "{\"Cmd\":[\"c\"],\"x\":1,\"Env\":[\"B=2\"]}");
	strings_release(&variables);
}

static void
a_platform_replaces_all_of_the_old_one(void **state)
{
	AUTO_JSON json_t *document = parse("{\"os\":\"windows\",\"architecture\":\"arm\","
					   "\"variant\":\"v6\",\"os.version\":\"10\","
					   "\"os.features\":[\"x\"],\"config\":{}}");
	AUTO_PLATFORM struct platform platform = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct config_change change = change_of(0);

	(void)state;
	assert_int_equal(platform_parse("linux/s390x", &platform, &err), 0);
	change.platform = &platform;
	config_edit(document, &change, NULL, 0);
	json_object_del(document, "history");
	json_object_del(document, "created");
	json_object_del(document, "rootfs");
	assert_json(document, "{\"os\":\"linux\",\"architecture\":\"s390x\",\"config\":{}}");
}

#define ONE "\"sha256:1111111111111111111111111111111111111111111111111111111111111111\""
#define TWO "\"sha256:2222222222222222222222222222222222222222222222222222222222222222\""
#define OLD_BASE \
	"{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[" ONE "]}," \
	"\"history\":[{\"created_by\":\"old\"},{\"created_by\":\"env\",\"empty_layer\":true}]}"

static void
assert_rebased(const char *image, const char *old_base, const char *new_base, const char *expected)
{
	AUTO_JSON json_t *document = parse(image);
	AUTO_JSON json_t *old = parse(old_base);
	AUTO_JSON json_t *new = parse(new_base);

	config_rebase(document, old, new);
	assert_json(document, expected);
}

static void
the_new_base_takes_the_place_of_the_old_one(void **state)
{
	(void)state;
	assert_rebased("{\"os\":\"linux\",\"variant\":\"v7\",\"x\":1,"
		       "\"rootfs\":{\"diff_ids\":[" ONE "," TWO "]},"
		       "\"history\":[{\"created_by\":\"old\"},{\"created_by\":\"env\",\"empty_"
		       "layer\":true},"
		       "{\"created_by\":\"mine\"}]}",
		       OLD_BASE,
		       "{\"os\":\"plan9\",\"rootfs\":{\"diff_ids\":[" TWO "," TWO "]},"
		       "\"history\":[{\"created_by\":\"a\"},{\"created_by\":\"b\"}]}",
		       "{\"os\":\"plan9\",\"x\":1,\"rootfs\":{\"diff_ids\":[" TWO "," TWO "," TWO
		       "]},"
		       "\"history\":[{\"created_by\":\"a\"},{\"created_by\":\"b\"},{\"created_by\":"
		       "\"mine\"}]}");
}

/* As a builder writes it that copies the base's history in its own words. */
static void
a_history_that_tells_the_base_otherwise_ends_with_its_last_layer(void **state)
{
	(void)state;
	assert_rebased("{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[" ONE "," TWO "]},"
		       "\"history\":[{\"created_by\":\"other words\"},{\"created_by\":\"mine\"}]}",
		       OLD_BASE,
		       "{\"rootfs\":{\"diff_ids\":[" TWO
		       "]},\"history\":[{\"created_by\":\"new\"}]}",
		       "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[" TWO "," TWO "]},"
		       "\"history\":[{\"created_by\":\"new\"},{\"created_by\":\"mine\"}]}");
}

/* A base of two layers that tells of one: the second is not the image's own. */
static void
a_history_that_tells_too_little_of_the_base_ends_with_its_last_layer(void **state)
{
	(void)state;
	assert_rebased("{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[" ONE "," ONE "," TWO "]},"
		       "\"history\":[{\"created_by\":\"a\"},{\"created_by\":\"b\"},{\"created_by\":"
		       "\"mine\"}]}",
		       "{\"rootfs\":{\"diff_ids\":[" ONE "," ONE
		       "]},\"history\":[{\"created_by\":\"a\"}]}",
		       "{\"rootfs\":{\"diff_ids\":[" TWO
		       "]},\"history\":[{\"created_by\":\"new\"}]}",
		       "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[" TWO "," TWO "]},"
		       "\"history\":[{\"created_by\":\"new\"},{\"created_by\":\"mine\"}]}");
}

static void
a_history_that_does_not_fit_either_is_none(void **state)
{
	static const char without[] =
		"{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[" TWO "," TWO "]}}";

	(void)state;
	assert_rebased("{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[" ONE "," TWO "]}}", OLD_BASE,
		       "{\"rootfs\":{\"diff_ids\":[" TWO "]},\"history\":[{}]}", without);
	assert_rebased("{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[" ONE "," TWO "]},"
		       "\"history\":[{},{}]}",
		       OLD_BASE, "{\"rootfs\":{\"diff_ids\":[" TWO "]},\"history\":7}", without);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_configuration_is_one),
		cmocka_unit_test(a_layer_gets_a_diff_id_and_a_history),
		cmocka_unit_test(a_history_that_does_not_fit_the_layers_is_left_alone),
		cmocka_unit_test(a_change_without_layers_is_an_empty_one_in_the_history),
		cmocka_unit_test(a_variable_takes_the_place_of_the_old_one),
		cmocka_unit_test(an_entry_point_takes_the_old_command_away),
		cmocka_unit_test(what_has_another_type_is_replaced),
		cmocka_unit_test(a_manifest_keeps_what_is_not_known),
		cmocka_unit_test(parts_are_taken_away_before_any_is_set),
		cmocka_unit_test(a_platform_replaces_all_of_the_old_one),
		cmocka_unit_test(the_new_base_takes_the_place_of_the_old_one),
		cmocka_unit_test(a_history_that_tells_the_base_otherwise_ends_with_its_last_layer),
		cmocka_unit_test(
			a_history_that_tells_too_little_of_the_base_ends_with_its_last_layer),
		cmocka_unit_test(a_history_that_does_not_fit_either_is_none),
	};

	return cmocka_run_group_tests_name("config_edit", tests, NULL, NULL);
}
