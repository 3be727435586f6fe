/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/caches/cmd_cache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output/github.h"
#include "cli/output/page.h"
#include "cli/output/progress.h"
#include "oci/digest.h"
#include "oci/document.h"
#include "oci/location.h"
#include "repository/repository.h"
#include "store/store.h"

int
cache_command_specs(struct context *context, const struct cache_values *values,
		    const struct strings *operands, struct cache_specs *ret_specs,
		    struct error **err)
{
	const struct cache_options options = {
		.names = operands,
		.paths = &values->paths,
		.keys = &values->keys,
		.sources = &values->sources,
		.preset = values->preset,
		.variant = values->variant,
		.repository = values->repository,
	};
	const char *named = context->options.directory ? context->options.directory : ".";
	AUTO_FREE char *directory = realpath(named, NULL);
	bool by_options = values->paths.count > 0 || values->preset;
	const struct project *project = by_options ? NULL : context_project(context, err);

	if (!by_options && !project)
		return -1;
	if (!directory)
		return error_set(err, ERROR_USAGE, "cannot find the directory '%s'", named);
	return cache_specs_make(project, directory, &options, ret_specs, err);
}

int
cache_command_tell_each(struct context *context, const struct cache_values *values,
			const struct strings *operands, cache_teller *tell, struct error **err)
{
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	AUTO_PAGE struct page page = { 0 };
	AUTO_JSON json_t *caches = json_array();

	if (cache_command_specs(context, values, operands, &specs, err) < 0)
		return -1;
	for (size_t i = 0; i < specs.count; i++) {
		json_t *object = tell(context, values, &specs.items[i], &page, err);

		if (!object)
			return -1;
		json_array_append_new(caches, object);
	}
	return context_result_page(context, &page, json_pack("{s:O}", "caches", caches), err);
}

int
cache_command_repositories(struct context *context, const struct cache_values *values,
			   const struct strings *operands, struct strings *ret_repositories,
			   struct error **err)
{
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };

	if (values->repository) {
		strings_add(ret_repositories, values->repository);
		return 0;
	}
	if (cache_command_specs(context, values, operands, &specs, err) < 0)
		return -1;
	for (size_t i = 0; i < specs.count; i++) {
		const char *places[] = { specs.items[i].repository, specs.items[i].pull_requests };

		for (size_t j = 0; j < 2; j++)
			if (places[j] && !strings_has(ret_repositories, places[j]))
				strings_add(ret_repositories, places[j]);
	}
	return 0;
}

struct repository *
cache_command_open(struct context *context, const char *text, enum repository_mode mode,
		   struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };

	if (location_parse(text, &location, err) < 0)
		return NULL;
	context_log_in_at(context, &location);
	return repository_open(context_session(context), &location, mode, err);
}

static enum cache_push
push_of(const struct cache_values *values)
{
	if (!values->push || strcmp(values->push, "auto") == 0)
		return CACHE_PUSH_AUTO;
	return strcmp(values->push, "always") == 0 ? CACHE_PUSH_ALWAYS : CACHE_PUSH_NEVER;
}

/* Journals last as long as the machine's files do: under Actions they are in the job's own
 * directory. */
static char *
state_folder(struct context *context, struct error **err)
{
	const char *temporary = environment_find("RUNNER_TEMP");
	struct store *store;

	if (temporary && *temporary == '/')
		return xasprintf("%s/ocifp-cache", temporary);
	store = session_store(context_session(context), err);
	return store ? xasprintf("%s/.ocifp/caches", store_path(store)) : NULL;
}

int
cache_work_begin(struct context *context, const struct cache_values *values,
		 const struct cache_spec *spec, struct cache_work *work, struct error **err)
{
	AUTO_PLATFORM struct platform platform = { 0 };

	work->spec = spec;
	for (size_t i = 0; i < spec->path_count; i++)
		cache_roots_add(&work->roots, spec->paths[i].label, spec->paths[i].directory);
	work->request = (struct sources_request){
		.directory = spec->directory,
		.include = &spec->sources,
		.exclude = &spec->foreign,
		.may_lack_git = true,
	};
	work->state_folder = state_folder(context, err);
	if (!work->state_folder || sources_collect(&work->request, &work->sources, err) < 0)
		return -1;
	platform_host(&platform);
	return cache_keys_make(spec, &platform, &work->sources, push_of(values), &work->keys, err);
}

void
cache_work_release(struct cache_work *work)
{
	cache_roots_release(&work->roots);
	sources_release(&work->sources);
	cache_keys_release(&work->keys);
	free(work->state_folder);
}

int
cache_add_summary(const struct context *context, const char *repository, const char *tag,
		  const struct digest *digest, int64_t elapsed_ms, struct error **err)
{
	struct digest_text text = digest_text(digest);
	const struct github_summary summary = {
		.image = repository,
		.tag = tag,
		.digest = text.text,
		.counts = progress_counts(context->progress),
		.elapsed_ms = elapsed_ms,
	};

	return github_add_summary(&summary, err);
}

const struct command cmd_cache = {
	.name = "cache",
	.summary = "save and restore directories of a build",
	.subcommands =
		(const struct command *const[]){ &cmd_cache_restore, &cmd_cache_save, &cmd_cache_ls,
						 &cmd_cache_why, &cmd_cache_key, &cmd_cache_export,
						 &cmd_cache_prune, NULL },
};
