#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/context.h"
#include "project/project.h"

static void
take_mirrors(struct context *context, const struct project *project)
{
	struct registry_options *options = &context->options.session.registry;

	context->mirrors = xcalloc(project->mirror_count + 1, sizeof(*context->mirrors));
	for (size_t i = 0; i < project->mirror_count; i++) {
		const struct project_mirror *mirror = &project->mirrors[i];

		context->mirrors[i].host = mirror->host;
		context->mirrors[i].urls = (const char *const *)mirror->urls.items;
	}
	options->mirrors = context->mirrors;
	options->mirror_count = project->mirror_count;
}

/* Mirrors are a help and no need: a command that asks nothing else of the project file works
 * without it. */
static void
find_mirrors(struct context *context)
{
	AUTO_ERROR struct error *error = NULL;
	const struct project *project = context_find_project(context, &error);

	if (error)
		context_notice(context, "no mirrors are used: %s", error_text(error));
	if (project && project->mirror_count > 0)
		take_mirrors(context, project);
}

struct session *
context_session(struct context *context)
{
	if (context->session)
		return context->session;
	if (context->command->groups & OPTIONS_PROJECT)
		find_mirrors(context);
	context->session = session_new(&context->options.session);
	return context->session;
}
