/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/libraries.h"
#include "cli/output/page.h"

/* The licence of ocifp, then those of the libraries that are linked in (configure --with-licenses).
 * local.mk makes the text. */
static const char license_text[] =
#include "cli/license_text.inc"
	;

struct version_values {
	bool licenses;
};

static char *
format_text(json_t *libraries)
{
	AUTO_PAGE struct page page = { 0 };
	const char *name;
	json_t *version;

	page_add(&page, "%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
	json_object_foreach (libraries, name, version) {
		const char *text = json_string_value(version);

		page_add(&page, "%-10s %s\n", name, text ? text : "none");
	}
	return page_take(&page);
}

static int
run_version(struct context *context, const void *values, const struct strings *operands,
	    struct error **err)
{
	const struct version_values *version = values;
	json_t *libraries;
	AUTO_FREE char *text = NULL;

	(void)operands;
	if (version->licenses) {
		AUTO_PAGE struct page page = { 0 };

		page_add(&page, "%s", license_text);
		return context_result_page(context, &page,
					   json_pack("{s:s, s:s}", "version", PACKAGE_VERSION,
						     "licenses", license_text),
					   err);
	}
	libraries = libraries_object();
	text = format_text(libraries);
	return context_result(
		context, text,
		json_pack("{s:s, s:o}", "version", PACKAGE_VERSION, "libraries", libraries), err);
}

static const struct option_spec version_options[] = {
	{ "licenses", 0, OPTION_FLAG, offsetof(struct version_values, licenses), NULL,
	  "print the license texts of ocifp and the linked libraries" },
	{ 0 },
};

const struct command cmd_version = {
	.name = "version",
	.summary = "print the versions of ocifp and its libraries",
	.usage = "[--licenses]",
	.options = version_options,
	.values_size = sizeof(struct version_values),
	.run = run_version,
};
