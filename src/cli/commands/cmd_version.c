#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/libraries.h"
#include "cli/output/page.h"

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
	json_t *libraries = libraries_object();
	AUTO_FREE char *text = format_text(libraries);

	(void)values;
	(void)operands;
	return context_result(
		context, text,
		json_pack("{s:s, s:o}", "version", PACKAGE_VERSION, "libraries", libraries), err);
}

const struct command cmd_version = {
	.name = "version",
	.summary = "print the versions of ocifp and its libraries",
	.usage = "",
	.run = run_version,
};
