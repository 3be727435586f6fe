#include "cli/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/options/common_options.h"
#include "cli/output/json.h"
#include "cli/output/progress.h"
#include "project/project.h"

int
context_result(struct context *context, const char *text, json_t *object, struct error **err)
{
	AUTO_FREE char *line = NULL;

	context->has_result = true;
	if (context->options.json) {
		line = json_take_line(object);
	} else {
		json_decref(object);
		line = xasprintf("%s\n", text);
	}
	if (fputs(line, stdout) == EOF || fflush(stdout) == EOF)
		return error_set_errno(err, errno, "cannot write to standard output");
	return 0;
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
