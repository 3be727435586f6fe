#include "base/error.h"
#include "cli/context.h"
#include "project/project.h"

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
	error_set(err, ERROR_USAGE, "there is no project file '.ocifp.yaml' here or above");
	error_set_hint(err, "name one with --file, or an image as HOST/NAME");
	return NULL;
}
