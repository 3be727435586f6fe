/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/exit_status.h"
#include "cli/output/github.h"
#include "cli/output/json.h"
#include "cli/output/line.h"
#include "cli/output/progress.h"
#include "cli/output/terminal.h"

static const int last_line_wait_ms = 2000;

static json_t *
string_or_null(const char *text)
{
	AUTO_FREE char *clean = text ? line_clean(text) : NULL;

	return clean ? json_string(clean) : json_null();
}

json_t *
report_object(const struct error *error)
{
	static const struct error_remote no_remote = { 0 };
	const struct exit_status *status = exit_status_of(error);
	json_t *object = json_object();
	const struct error_remote *remote;
	json_t *http_status;

	(void)json_object_set_new(object, "status", json_integer(status->number));
	(void)json_object_set_new(object, "kind", json_string(status->name));
	(void)json_object_set_new(object, "class",
				  string_or_null(error ? error_class(error) : NULL));
	(void)json_object_set_new(object, "message",
				  string_or_null(error ? error_text(error) : NULL));
	(void)json_object_set_new(object, "hint", string_or_null(error ? error_hint(error) : NULL));
	remote = error ? error_remote(error) : &no_remote;
	http_status = remote->http_status ? json_integer(remote->http_status) : json_null();
	(void)json_object_set_new(object, "http_status", http_status);
	(void)json_object_set_new(object, "code", string_or_null(remote->code));
	(void)json_object_set_new(object, "request_id", string_or_null(remote->request_id));
	(void)json_object_set_new(object, "retryable", json_boolean(remote->retryable));
	return json_pack("{s:o}", "error", object);
}

char *
report_line(const struct error *error)
{
	const char *hint = error_hint(error);
	AUTO_FREE char *line = NULL;

	if (hint)
		line = xasprintf("%s; %s", error_text(error), hint);
	else
		line = xstrdup(error_text(error));
	return line_clean(line);
}

static int
replace_regular(const char *path, const char *line, struct error **err)
{
	struct stat status;

	/* As root a rename would replace /dev/null itself. */
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return error_set(err, ERROR_LOCAL, "not a regular file");
	return file_replace(AT_FDCWD, path, 0644, line, strlen(line), err);
}

static int
write_status_file(const char *path, const struct error *error, struct error **err)
{
	AUTO_FREE char *line = json_take_line(report_object(error));

	if (replace_regular(path, line, err) == 0)
		return 0;
	return error_wrap(err, "cannot write the status file '%s'", QUOTED(path));
}

/* A failed write is reported only if nothing failed before. */
static int
finish_stdout(const struct context *context, const struct error *error, struct error **err)
{
	if (error && context->options.json && !context->has_result) {
		AUTO_FREE char *line = json_take_line(report_object(error));

		(void)fputs(line, stdout);
	}
	if ((fflush(stdout) == EOF || ferror(stdout)) && !error)
		return context_fail_output(errno, err);
	return 0;
}

static void
say_failure(const struct error *error)
{
	AUTO_FREE char *line = report_line(error);
	AUTO_FREE char *name =
		terminal_coloured("ocifp:", COLOUR_RED, terminal_has_colours(STDERR_FILENO));
	AUTO_FREE char *whole = xasprintf("%s %s\n", name, line);

	github_say_error(line);
	(void)line_write(STDERR_FILENO, whole, last_line_wait_ms);
}

/* A later failure is printed first; the last line is the first failure. */
static struct error *
keep_first(struct error *first, struct error *later)
{
	AUTO_ERROR struct error *said = first ? later : NULL;

	if (said) {
		AUTO_FREE char *line = report_line(said);

		line_say(line, last_line_wait_ms);
	}
	return first ? first : later;
}

int
report_end(struct context *context, struct error *error)
{
	AUTO_ERROR struct error *first = error;
	AUTO_ERROR struct error *later = NULL;

	if (context->progress)
		progress_end(context->progress,
			     first ? exit_status_of(first)->number : context->job_status);
	if (finish_stdout(context, first, &later) < 0)
		first = TAKE_PTR(later);
	if (context->options.status_file &&
	    write_status_file(context->options.status_file, first, &later) < 0)
		first = keep_first(TAKE_PTR(first), TAKE_PTR(later));
	if (trace_close(&later) < 0)
		first = keep_first(TAKE_PTR(first), TAKE_PTR(later));
	if (first && !error_has_class(first, CLASS_NO_READER))
		say_failure(first);
	return first ? exit_status_of(first)->number : context->job_status;
}

int
report_at_once(const struct common_options *options, struct error *error)
{
	AUTO_ERROR struct error *taken = error;
	AUTO_ERROR struct error *later = NULL;
	AUTO_FREE char *object = json_take_line(report_object(error));

	if (options->json)
		(void)line_write(STDOUT_FILENO, object, 0);
	if (options->status_file)
		(void)write_status_file(options->status_file, error, &later);
	say_failure(error);
	return exit_status_of(error)->number;
}
