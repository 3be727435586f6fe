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
#include "oci/config.h"

#define ABC "\"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
#define LINUX "\"os\":\"linux\",\"architecture\":\"amd64\""
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ABC "]}"

static void
what_runs_comes_through(void **state)
{
	static const char text[] =
		"{\"created\":\"2024-01-02T03:04:05Z\",\"os\":\"linux\",\"architecture\":\"arm64\","
		"\"variant\":\"v8\"," ROOTFS ",\"config\":{\"User\":\"1000:1000\",\"WorkingDir\":"
		"\"/w\",\"Env\":[\"A=1\",\"B=\"],\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\",\"\"],"
		"\"Labels\":{\"k\":\"v\"},\"ArgsEscaped\":true,\"OnBuild\":null}}";
	AUTO_CONFIG struct image_config config = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(image_config_parse(text, sizeof(text) - 1, &config, &err), 0);
	assert_string_equal(config.platform.architecture, "arm64");
	assert_string_equal(config.platform.variant, "v8");
	assert_int_equal(config.diff_id_count, 1);
	assert_int_equal(config.diff_ids[0].algorithm, DIGEST_SHA256);
	assert_string_equal(config.created, "2024-01-02T03:04:05Z");
	assert_string_equal(config.user, "1000:1000");
	assert_string_equal(config.working_dir, "/w");
	assert_int_equal(config.environment.count, 2);
	assert_string_equal(config.environment.items[1], "B=");
	assert_string_equal(config.entrypoint.items[0], "/e");
	assert_int_equal(config.command.count, 2);
	assert_string_equal(json_string_value(json_object_get(config.labels, "k")), "v");
}

static void
nothing_to_run_is_fine(void **state)
{
	static const char *const texts[] = {
		"{" LINUX "," ROOTFS "}",
		"{" LINUX "," ROOTFS ",\"config\":null}",
		"{" LINUX "," ROOTFS ",\"config\":{\"Cmd\":null,\"Env\":null,\"Labels\":null}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO_CONFIG struct image_config config = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(image_config_parse(texts[i], strlen(texts[i]), &config, &err), 0);
		assert_int_equal(config.command.count, 0);
		assert_null(config.user);
		assert_null(config.labels);
	}
}

/* crane append --oci-empty-base, imgpkg and cosign write such. */
static void
a_config_need_not_name_a_platform(void **state)
{
	static const char *const texts[] = {
		"{" ROOTFS "}",
		"{\"os\":\"linux\"," ROOTFS "}",
		"{\"os\":\"\",\"architecture\":\"amd64\"," ROOTFS "}",
		"{\"os\":\"\",\"architecture\":\"\",\"rootfs\":{\"diff_ids\":null}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO_CONFIG struct image_config config = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(image_config_parse(texts[i], strlen(texts[i]), &config, &err), 0);
		assert_null(config.platform.os);
		assert_null(config.platform.architecture);
	}
}

/* As docker reads it. */
static void
a_command_may_be_one_string(void **state)
{
	static const char text[] = "{" LINUX "," ROOTFS ",\"config\":"
				   "{\"Cmd\":\"sh -c id\",\"Entrypoint\":\"/e\"}}";
	AUTO_CONFIG struct image_config config = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(image_config_parse(text, sizeof(text) - 1, &config, &err), 0);
	assert_int_equal(config.command.count, 1);
	assert_string_equal(config.command.items[0], "sh -c id");
	assert_int_equal(config.entrypoint.count, 1);
	assert_string_equal(config.entrypoint.items[0], "/e");
}

static void
what_is_no_config_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"<html>",
		"{" LINUX "}",
		"{\"os\":\"a\\nb\",\"architecture\":\"amd64\"," ROOTFS "}",
		"{" LINUX ",\"rootfs\":{}}",
		"{" LINUX ",\"rootfs\":{\"diff_ids\":{}}}",
		"{" LINUX ",\"rootfs\":{\"diff_ids\":[1]}}",
		"{" LINUX ",\"rootfs\":{\"diff_ids\":[\"sha256:0\"]}}",
		"{" LINUX "," ROOTFS ",\"config\":[]}",
		"{" LINUX "," ROOTFS ",\"config\":{\"Env\":[1]}}",
		"{" LINUX "," ROOTFS ",\"config\":{\"Env\":\"A=1\"}}",
		"{" LINUX "," ROOTFS ",\"config\":{\"Cmd\":{}}}",
		"{" LINUX "," ROOTFS ",\"config\":{\"Entrypoint\":[null]}}",
		"{" LINUX "," ROOTFS ",\"config\":{\"User\":0}}",
		"{" LINUX "," ROOTFS ",\"config\":{\"Labels\":{\"k\":1}}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct image_config config = { 0 };
		AUTO_ERROR struct error *err = NULL;

		if (image_config_parse(texts[i], strlen(texts[i]), &config, &err) == 0)
			fail_msg("'%s' was taken", texts[i]);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		assert_null(config.diff_ids);
	}
}

static int
parse_layers(size_t count, struct image_config *ret_config, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(CONFIG_LIMIT_BYTES);
	AUTO_ERROR struct error *full = NULL;

	assert_int_equal(buf_append_text(&buf, "{" LINUX ",\"rootfs\":{\"diff_ids\":[", &full), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(buf_append_text(&buf, i > 0 ? "," ABC : ABC, &full), 0);
	assert_int_equal(buf_append_text(&buf, "]}}", &full), 0);
	return image_config_parse(buf.data, buf.size, ret_config, err);
}

static void
layers_have_a_limit_and_must_agree_with_the_manifest(void **state)
{
	AUTO_CONFIG struct image_config config = { 0 };
	AUTO_CONFIG struct image_config other = { 0 };
	AUTO_ERROR struct error *differs = NULL;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(parse_layers(LAYERS_LIMIT_COUNT, &config, &err), 0);
	assert_int_equal(image_config_check_layers(&config, LAYERS_LIMIT_COUNT, &err), 0);
	assert_int_equal(image_config_check_layers(&config, LAYERS_LIMIT_COUNT - 1, &differs), -1);
	assert_int_equal(error_kind(differs), ERROR_CONTENT);
	assert_int_equal(parse_layers(LAYERS_LIMIT_COUNT + 1, &other, &err), -1);
	assert_string_equal(error_class(err), "limit");
}

static void
an_image_may_have_no_layers(void **state)
{
	AUTO_CONFIG struct image_config config = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(parse_layers(0, &config, &err), 0);
	assert_int_equal(config.diff_id_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_runs_comes_through),
		cmocka_unit_test(nothing_to_run_is_fine),
		cmocka_unit_test(a_config_need_not_name_a_platform),
		cmocka_unit_test(a_command_may_be_one_string),
		cmocka_unit_test(what_is_no_config_is_refused),
		cmocka_unit_test(layers_have_a_limit_and_must_agree_with_the_manifest),
		cmocka_unit_test(an_image_may_have_no_layers),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
