/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "archive/output.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/transfer/restore.h"
#include "cli/caches/cmd_cache.h"
#include "cli/context.h"
#include "image/unpack/stage.h"
#include "layer/pack/pack.h"
#include "stream/sink.h"

/* A cache, restored into a directory beside the tar while that is written. */
struct exported {
	struct cache_work work;
	struct cache_roots roots; /* with the labels of the work's, in the stage */
	struct stage stage;
	struct cache_restored restored;
};

static void
export_release(struct exported *exported)
{
	cache_work_release(&exported->work);
	cache_roots_release(&exported->roots);
	cache_restored_release(&exported->restored);
	stage_release(&exported->stage);
}

static int
restore(struct context *context, struct exported *exported, struct error **err)
{
	const struct cache_keys *keys = &exported->work.keys;
	AUTO_FREE struct cache_place *places = xcalloc(keys->candidate_count + 1, sizeof(*places));
	const struct cache_restore restore = {
		.places = places,
		.place_count = keys->candidate_count,
		.roots = &exported->roots,
	};

	for (size_t i = 0; i < keys->candidate_count; i++)
		places[i] =
			(struct cache_place){ keys->candidates[i].repository,
					      keys->candidates[i].tag, keys->candidates[i].scope,
					      keys->candidates[i].kind == CACHE_EXACT };
	if (cache_restore(context_session(context), &restore, &exported->restored, err) < 0)
		return -1;
	if (exported->restored.is_hit)
		return 0;
	return error_set(err, ERROR_ABSENT, "no cache of these inputs is there");
}

static int
write_tar(const struct exported *exported, const struct output *output, struct error **err)
{
	const struct pack_options options = {
		.root_fd = exported->stage.tree_fd,
		.mtime_limit_s = INT64_MAX,
		.uid = getuid(),
		.gid = getgid(),
	};
	struct pack_counts counts;

	return pack_tree(&options, sink_fd(output->fd, output->path), &counts, err);
}

static int
run_export(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct cache_values *values = opaque;
	static const struct id_map map = { .kind = ID_MAP_HOST };
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	CLEANUP(export_release) struct exported exported = { .stage = STAGE_INIT };
	AUTO_OUTPUT struct output output = OUTPUT_INIT;
	AUTO_FREE char *size = NULL;
	AUTO_FREE char *text = NULL;

	if (!values->output || strcmp(values->output, "-") == 0)
		return error_set(err, ERROR_USAGE, "export requires --output FILE");
	if (cache_command_specs(context, values, operands, &specs, err) < 0)
		return -1;
	if (specs.count != 1)
		return error_set(err, ERROR_USAGE, "export requires the name of one cache");
	if (cache_work_begin(context, values, &specs.items[0], &exported.work, err) < 0 ||
	    output_open(values->output, &output, err) < 0 ||
	    stage_open(values->output, &map, &exported.stage, err) < 0)
		return -1;
	/* "~/.npm" is "home/.npm" in the tar, "/srv/x" is "srv/x". */
	for (size_t i = 0; i < exported.work.roots.count; i++) {
		const char *label = exported.work.roots.items[i].label;
		bool is_home = text_starts(label, "~/");
		AUTO_FREE char *path = NULL;

		label += is_home ? 2 : strspn(label, "/");
		path = xasprintf("%s/fs/%s%s", exported.stage.path, is_home ? "home/" : "", label);
		cache_roots_add(&exported.roots, exported.work.roots.items[i].label, path);
	}
	if (restore(context, &exported, err) < 0 || write_tar(&exported, &output, err) < 0 ||
	    output_commit(&output, err) < 0)
		return error_wrap(err, "cannot export cache '%s'", specs.items[0].name);
	size = text_bytes(exported.restored.total_bytes);
	text = xasprintf("cache %s: %s in %" PRIu64 " file%s", specs.items[0].name, size,
			 exported.restored.file_count, PLURAL_S(exported.restored.file_count));
	return context_result(context, text,
			      json_pack("{s:s, s:I, s:I}", "name", specs.items[0].name, "files",
					(json_int_t)exported.restored.file_count, "bytes",
					(json_int_t)exported.restored.total_bytes),
			      err);
}

static const struct option_spec export_options[] = {
	CACHE_OPTIONS,
	{ "output", 'o', OPTION_STRING, CACHE_AT(output), "FILE", "write this tar" },
	{ 0 },
};

const struct command cmd_cache_export = {
	.name = "export",
	.summary = "write a cache as a tar",
	.usage = "-o FILE [--path DIR] [NAME]",
	.options = export_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_export,
};
