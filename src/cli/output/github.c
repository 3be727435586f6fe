/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/github.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/output/line.h"
#include "cli/output/page.h"
#include "cli/output/progress.h"
#include "project/ci.h"

static const int annotation_wait_ms = 1000;

/* All outputs, with the form of their values. */
struct output {
	const char *name;
	const char *pattern; /* POSIX extended */
};

static const struct output outputs[] = {
	{ "fingerprint", "^[0-9a-f]{64}$" },
	{ "tag", "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$" },
	{ "digest", "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$" },
	{ "image", "^[a-z0-9][^[:cntrl:]|`]*$" }, /* may be a path: "oci:DIR" */
	{ "present", "^(true|false)$" },
	{ "pushed", "^(true|false)$" },
	{ "hit", "^(exact|partial|miss)$" },
	{ "key", "^[0-9a-f]{40}$" },
};

/* In the build command of an `ocifp ensure`, outputs are left to that ensure. */
static bool
speaks_to_github(void)
{
	return ci_is_github() && !environment_find("OCIFP_BUILD");
}

/* NULL: not on Actions, or the runner has no such file. */
static const char *
runner_file(const char *name)
{
	return speaks_to_github() ? environment_find(name) : NULL;
}

static bool
matches(const char *pattern, const char *value)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	found = regexec(&regex, value, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static int
check_value(const char *name, const char *value, struct error **err)
{
	/* "IMAGE-tag" is the tag of one image of several. */
	const char *dash = strrchr(name, '-');
	const char *key = dash ? dash + 1 : name;

	for (size_t i = 0; i < COUNT_OF(outputs); i++) {
		if (strcmp(outputs[i].name, key) == 0 && matches(outputs[i].pattern, value))
			return 0;
	}
	return error_set(err, ERROR_FAILURE, "output '%s' cannot be '%s'", name, QUOTED(value));
}

static int
append(const char *path, const char *text, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", QUOTED(path));
	return fd_write_all(fd, text, strlen(text), QUOTED(path), err);
}

int
github_set_output(const char *name, const char *value, struct error **err)
{
	const char *path = runner_file("GITHUB_OUTPUT");
	AUTO_FREE char *delimiter = NULL;
	AUTO_FREE char *text = NULL;

	if (!path)
		return 0;
	if (check_value(name, value, err) < 0)
		return -1;
	/* A delimiter that the author of the value cannot guess. */
	delimiter = random_hex(16, err);
	if (!delimiter)
		return -1;
	text = xasprintf("%s<<ocifp-%s\n%s\nocifp-%s\n", name, delimiter, value, delimiter);
	return append(path, text, err);
}

int
github_add_summary(const struct github_summary *summary, struct error **err)
{
	const char *path = runner_file("GITHUB_STEP_SUMMARY");
	AUTO_FREE char *text = NULL;
	const struct progress_counts *counts;
	AUTO_FREE char *moved = NULL;
	AUTO_FREE char *reused = NULL;
	AUTO_PAGE struct page page = { 0 };

	if (!path)
		return 0;
	if (check_value("image", summary->image, err) < 0 ||
	    (summary->tag && check_value("tag", summary->tag, err) < 0) ||
	    (summary->digest && check_value("digest", summary->digest, err) < 0))
		return -1;
	counts = summary->counts;
	moved = text_bytes(counts->moved_bytes);
	reused = text_bytes(counts->reused_bytes);
	page_add(&page, "| image | tag | digest | moved | reused | seconds | retries |\n");
	page_add(&page, "|---|---|---|--:|--:|--:|--:|\n");
	page_add(&page, "| `%s` | `%s` | `%s` ", summary->image, summary->tag ? summary->tag : "-",
		 summary->digest ? summary->digest : "-");
	page_add(&page, "| %s | %s | %" PRId64 ".%" PRId64 " | %" PRIu64 " |\n\n", moved, reused,
		 summary->elapsed_ms / 1000, summary->elapsed_ms % 1000 / 100, counts->retries);
	text = xstrdup(page.text);
	return append(path, text, err);
}

static const char *
escape_of(char c)
{
	switch (c) {
	case '%':
		return "%25";
	case '\r':
		return "%0D";
	case '\n':
		return "%0A";
	default:
		return NULL;
	}
}

char *
github_escape(const char *text)
{
	AUTO_PAGE struct page page = { 0 };

	while (*text) {
		size_t plain = strcspn(text, "%\r\n");
		const char *escape = escape_of(text[plain]);

		page_add(&page, "%.*s%s", (int)plain, text, escape ? escape : "");
		text += plain + (escape ? 1 : 0);
	}
	return xstrdup(page.text ? page.text : "");
}

void
github_say_error(const char *line)
{
	AUTO_FREE char *escaped = NULL;
	AUTO_FREE char *command = NULL;

	if (!speaks_to_github())
		return;
	escaped = github_escape(line);
	command = xasprintf("::error title=ocifp::%s\n", escaped);
	(void)line_write(STDERR_FILENO, command, annotation_wait_ms);
}
