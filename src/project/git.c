#include "project/git.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "base/xalloc.h"

/* The one line that it writes, without its end. */
static char *
ask(const char *directory, const char *const *argv)
{
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	AUTO_BUF struct buf messages = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	struct spawn_options options = {
		.argv = argv, .directory = directory, .output = &output, .messages = &messages
	};
	struct spawn_result result;

	if (spawn_run(&options, &result, &ignored) < 0 || result.exit_status != 0)
		return NULL;
	if (output.size == 0 || strlen(output.data) != output.size)
		return NULL;
	return xstrndup(output.data, strcspn(output.data, "\n"));
}

char *
git_remote_url(const char *directory)
{
	static const char *const argv[] = { "git", "config", "--get", "remote.origin.url", NULL };

	return ask(directory, argv);
}

char *
git_head(const char *directory)
{
	static const char *const argv[] = {
		"git", "rev-parse", "--verify", "--quiet", "HEAD", NULL
	};

	return ask(directory, argv);
}
