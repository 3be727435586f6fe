/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/spelling.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/context.h"

static bool
is_archive(const char *text)
{
	return text_ends(text, ".tar") || text_ends(text, ".tar.gz") || text_ends(text, ".tgz");
}

bool
spelling_is_path(const char *text)
{
	return text_starts(text, "/") || text_starts(text, "./") || text_starts(text, "../") ||
	       (is_archive(text) && !strpbrk(text, ":@"));
}

static bool
is_layout(const char *path)
{
	AUTO_FREE char *mark = xasprintf("%s/oci-layout", path);

	return access(mark, F_OK) == 0;
}

static char *
take(struct context *context, const char *transport, const char *text)
{
	char *whole = xasprintf("%s:%s", transport, text);

	context_notice(context, "'%s' is taken as '%s'", QUOTED(text), QUOTED(whole));
	return whole;
}

char *
spelling_of_source(struct context *context, const char *text)
{
	if (!spelling_is_path(text))
		return xstrdup(text);
	if (dir_exists(text))
		return take(context, is_layout(text) ? "oci" : "rootfs", text);
	return is_archive(text) ? take(context, "docker-archive", text) : xstrdup(text);
}

char *
spelling_of_output(struct context *context, const char *text)
{
	if (!spelling_is_path(text))
		return xstrdup(text);
	return take(context, is_archive(text) ? "docker-archive" : "oci", text);
}

int
spelling_refuse_directory(const char *text, struct error **err)
{
	if (strpbrk(text, "/:@") || !dir_exists(text))
		return 0;
	error_set(err, ERROR_USAGE, "'%s' does not name an image", QUOTED(text));
	return error_set_hint(err, "the directory of that name is './%s'", QUOTED(text));
}
