/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/options/common_options.h"
#include "cli/output/json.h"
#include "cli/output/page.h"
#include "cli/output/progress.h"
#include "cli/output/terminal.h"
#include "oci/digest.h"
#include "oci/location.h"
#include "project/project.h"
#include "stream/sink.h"

int
context_fail_output(int errnum, struct error **err)
{
	error_set_errno(err, errnum, "cannot write to standard output");
	return errnum == EPIPE ? error_set_class(err, CLASS_NO_READER) : -1;
}

int
context_result(struct context *context, const char *text, json_t *object, struct error **err)
{
	AUTO_FREE char *line = NULL;

	context->has_result = true;
	if (context->options.json) {
		line = json_take_line(object);
	} else {
		json_decref(object);
		line = xasprintf("%s%s", text, *text ? "\n" : "");
	}
	if (context->progress)
		progress_yield(context->progress);
	if (fputs(line, stdout) == EOF || fflush(stdout) == EOF)
		return context_fail_output(errno, err);
	return 0;
}

int
context_result_page(struct context *context, struct page *page, json_t *object, struct error **err)
{
	AUTO_FREE char *text = page_take(page);

	return context_result(context, text, object, err);
}

int
context_result_bytes(struct context *context, const struct buf *bytes, struct error **err)
{
	context->has_result = true;
	progress_yield(context->progress);
	if (isatty(STDOUT_FILENO)) {
		AUTO_SINK struct sink *sink = sink_terminal(STDOUT_FILENO, "standard output");

		return sink_write(sink, bytes->data, bytes->size, err) < 0 ? -1
									   : sink_finish(sink, err);
	}
	if (fwrite(bytes->data, 1, bytes->size, stdout) != bytes->size || fflush(stdout) == EOF)
		return context_fail_output(errno, err);
	return 0;
}

int
context_result_image(struct context *context, const char *repository, const struct digest *digest,
		     json_t *more, struct error **err)
{
	struct digest_text hex = digest_text(digest);
	AUTO_FREE char *text = xasprintf("%s@%s", repository, hex.text);
	json_t *object = json_pack("{s:s, s:s}", "image", repository, "digest", hex.text);

	json_object_update(object, more);
	json_decref(more);
	return context_result(context, text, object, err);
}

void
context_notice(struct context *context, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	if (context->progress)
		progress_notice(context->progress, text);
}

void
context_release(struct context *context)
{
	session_free(context->session);
	free(context->mirrors);
	project_free(context->project);
	progress_free(context->progress);
	common_options_release(&context->options);
}

struct project *
context_find_project(struct context *context, struct error **err)
{
	const struct common_options *options = &context->options;
	const char *directory = options->directory ? options->directory : ".";

	if (context->project)
		return context->project;
	if (options->project_file)
		context->project = project_read(options->project_file, err);
	else
		context->project = project_find(directory, err);
	return context->project;
}

struct project *
context_project(struct context *context, struct error **err)
{
	struct project *project = context_find_project(context, err);

	if (project || *err)
		return project;
	error_set(err, ERROR_USAGE, "no project file '.ocifp.yaml' in this directory or above");
	error_set_hint(err, "'ocifp init' writes one; or name one with --file, or an image "
			    "as HOST/NAME");
	return NULL;
}

static void
add_mirror(struct context *context, const char *host, const char *url, bool resolves)
{
	struct registry_options *options = &context->options.session.registry;

	context->mirrors =
		xgrow(context->mirrors, options->mirror_count, sizeof(*context->mirrors));
	context->mirrors[options->mirror_count++] = (struct registry_mirror){ host, url, resolves };
	options->mirrors = context->mirrors;
}

static void
add_mirrors_of_settings(struct context *context, enum settings_level level)
{
	const struct settings *settings = &context->options.settings;

	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->items[i];

		if (setting->host && setting->level == level)
			add_mirror(context, setting->host, setting->value, setting->resolves);
	}
}

void
context_log_in_at_host(struct context *context, const char *host)
{
	struct common_options *options = &context->options;

	if (options->login_host)
		return;
	options->login_host = xstrdup(host);
	options->session.registry.login_host = options->login_host;
}

void
context_log_in_at(struct context *context, const struct location *place)
{
	if (place->transport == TRANSPORT_REGISTRY)
		context_log_in_at_host(context, place->reference.host);
}

static const char *
repository_of_image(struct context *context, const char *name)
{
	AUTO_ERROR struct error *told_later = NULL;
	const struct project *project = context_find_project(context, &told_later);
	const struct project_image *image =
		project ? project_image(project, name, &told_later) : NULL;

	return image ? image->repository : NULL;
}

void
context_log_in_at_operand(struct context *context, const char *operand)
{
	bool is_place = operand && location_is(operand);
	const char *text = is_place ? operand : repository_of_image(context, operand);
	AUTO_LOCATION struct location place = { 0 };
	AUTO_ERROR struct error *told_later = NULL;

	if (text && location_parse(text, &place, &told_later) == 0)
		context_log_in_at(context, &place);
}

struct session *
context_session(struct context *context)
{
	if (context->session)
		return context->session;
	add_mirrors_of_settings(context, SETTINGS_MACHINE);
	add_mirrors_of_settings(context, SETTINGS_USER);
	if ((context->command->groups & OPTIONS_PROJECT) &&
	    settings_is(&context->options.settings, "project_mirrors", true)) {
		AUTO_ERROR struct error *error = NULL;
		const struct project *project = context_find_project(context, &error);

		/* Mirrors are optional: a command that needs nothing else of the project file works
		 * without it. */
		if (error)
			context_notice(context, "no mirrors of the project are used: %s",
				       error_text(error));
		for (size_t i = 0; project && i < project->mirror_count; i++) {
			const struct project_mirror *mirror = &project->mirrors[i];

			for (size_t j = 0; j < mirror->urls.count; j++)
				add_mirror(context, mirror->host, mirror->urls.items[j], false);
		}
	}
	context->session = session_new(&context->options.session);
	return context->session;
}
