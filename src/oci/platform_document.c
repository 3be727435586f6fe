/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"

struct platform_fields {
	const char *os;
	const char *architecture;
	const char *variant;
	const char *os_version;
};

static const struct field fields[] = {
	FIELD("os", FIELD_STRING, false, platform_fields, os),
	FIELD("architecture", FIELD_STRING, false, platform_fields, architecture),
	FIELD("variant", FIELD_STRING, false, platform_fields, variant),
	FIELD("os.version", FIELD_STRING, false, platform_fields, os_version),
};

/* NULL for "", which some builders write where nothing is meant. */
static int
check_name(const char **name, struct error **err)
{
	if (*name && **name == '\0')
		*name = NULL;
	if (!*name || platform_name_is_valid(*name))
		return 0;
	return error_set(err, ERROR_CONTENT, "invalid part of a platform: '%s'", QUOTED(*name));
}

int
platform_parse_json(const json_t *object, struct platform *ret_platform, struct error **err)
{
	struct platform_fields raw = { 0 };

	if (DOCUMENT_READ(object, fields, &raw, err) < 0)
		return -1;
	if (check_name(&raw.os, err) < 0 || check_name(&raw.architecture, err) < 0 ||
	    check_name(&raw.variant, err) < 0 || check_name(&raw.os_version, err) < 0)
		return -1;
	if (!raw.os || !raw.architecture) {
		*ret_platform = (struct platform){ 0 };
		return 0;
	}
	*ret_platform = (struct platform){
		.os = xstrdup(raw.os),
		.architecture = xstrdup(raw.architecture),
		.variant = xstrdup_null(raw.variant),
		.os_version = xstrdup_null(raw.os_version),
	};
	return 0;
}

static void
set_text(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, json_string(text));
}

json_t *
platform_json(const struct platform *platform)
{
	json_t *object = json_object();

	set_text(object, "architecture", platform->architecture);
	set_text(object, "os", platform->os);
	set_text(object, "os.version", platform->os_version);
	set_text(object, "variant", platform->variant);
	return object;
}
