/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/findings.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "cli/output/line.h"
#include "cli/output/page.h"

static const char *const names[] = {
	[FINDING_OK] = "ok",
	[FINDING_NOTE] = "note",
	[FINDING_PROBLEM] = "problem",
};

void
findings_begin(struct findings *findings, const char *section)
{
	page_add(&findings->page, "%s%s:\n", findings->page.size ? "\n" : "", section);
	findings->section = json_object();
	(void)json_object_set_new(findings->object, section, findings->section);
}

void
findings_add(struct findings *findings, const char *name, enum finding finding, const char *format,
	     ...)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *clean = NULL;
	AUTO_FREE char *key = xstrdup(name);
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	clean = line_clean(text);
	page_add(&findings->page, "  %-16s %-8s %s\n", name, names[finding], clean);
	for (unsigned i = 2; json_object_get(findings->section, key); i++) {
		free(key);
		key = xasprintf("%s_%u", name, i);
	}
	(void)json_object_set_new(findings->section, key,
				  json_pack("{s:s, s:s}", "state", names[finding], "text", clean));
}

void
findings_release(struct findings *findings)
{
	json_decref(findings->object);
	page_release(&findings->page);
}
