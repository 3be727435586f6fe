/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/key/key_record.h"
#include "cache/transfer/cache_index.h"
#include "cache/transfer/restore.h"
#include "cache/tree/cargo_target.h"
#include "cache/tree/dep_info.h"
#include "cli/caches/cmd_cache.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "fingerprint/paths.h"
#include "oci/document.h"

#define SOURCES_SHOWN_COUNT 20

static const struct option_spec why_options[] = { CACHE_OPTIONS, { 0 } };

/* The best existing cache. */
struct nearest {
	const struct cache_candidate *candidate; /* NULL: none */
	struct buf record;
	struct buf sources;
};

static void
nearest_release(struct nearest *nearest)
{
	buf_release(&nearest->record);
	buf_release(&nearest->sources);
}

static int
find_nearest(struct context *context, const struct cache_keys *keys, struct nearest *nearest,
	     struct error **err)
{
	struct session *session = context_session(context);
	struct index_parts parts = {
		.streams = { [STREAM_RECORD] = &nearest->record,
			     [STREAM_SOURCES] = &nearest->sources },
	};

	for (size_t i = 0; i < keys->candidate_count; i++) {
		const struct cache_candidate *candidate = &keys->candidates[i];
		const struct cache_place place = { candidate->repository, candidate->tag, NULL,
						   false };
		bool is_found = false;

		if (cache_index_find(session, &place, &parts, &is_found, err) < 0)
			return -1;
		if (is_found) {
			nearest->candidate = candidate;
			return 0;
		}
	}
	return 0;
}

static int
list_differences(const struct cache_work *work, const struct nearest *nearest,
		 struct strings *differences, struct error **err)
{
	AUTO_SOURCES struct sources recorded = { 0 };
	AUTO_STRINGS struct strings facts = { 0 };
	AUTO_STRINGS struct strings changed = { 0 };

	if (cache_record_compare(&nearest->record, &work->keys.record, &facts, err) < 0)
		return -1;
	for (size_t i = 0; i < facts.count; i++)
		if (nearest->sources.size == 0 || strcmp(facts.items[i], "sources changed") != 0)
			strings_add(differences, facts.items[i]);
	/* The list lacks files that had uncommitted changes when it was saved; the digest of all
	 * sources includes them. */
	if (nearest->sources.size == 0 || !strings_has(&facts, "sources changed"))
		return 0;
	if (sources_decode(nearest->sources.data, nearest->sources.size, &recorded, err) < 0)
		return -1;
	/* Directories differ by their names, which are in the list themselves; differences in key
	 * files were printed before. */
	for (size_t i = 0; i < work->sources.count; i++) {
		const struct source *old = sources_find(&recorded, work->sources.items[i].path);

		if (work->sources.items[i].mode == S_IFDIR ||
		    strings_has(&work->spec->key, work->sources.items[i].path) ||
		    (old && old->mode == work->sources.items[i].mode &&
		     memcmp(old->sha256, work->sources.items[i].sha256, sizeof(old->sha256)) == 0))
			continue;
		strings_take(&changed, xasprintf("%s %s", QUOTED(work->sources.items[i].path),
						 old ? "changed" : "added"));
	}
	for (size_t i = 0; i < recorded.count; i++)
		if (recorded.items[i].mode != S_IFDIR &&
		    !sources_find(&work->sources, recorded.items[i].path))
			strings_take(&changed,
				     xasprintf("%s removed", QUOTED(recorded.items[i].path)));
	for (size_t i = 0; i < changed.count && i < SOURCES_SHOWN_COUNT; i++)
		strings_add(differences, changed.items[i]);
	if (changed.count > SOURCES_SHOWN_COUNT)
		strings_take(differences,
			     xasprintf("%zu other sources", changed.count - SOURCES_SHOWN_COUNT));
	return 0;
}

static bool
is_below_variable(const char *path, const char *name, const char *fallback)
{
	const char *value = environment_find(name);
	const char *home = environment_find("HOME");
	AUTO_FREE char *folder = value  ? xstrdup(value)
				 : home ? xasprintf("%s/%s", home, fallback)
					: xstrdup("");
	AUTO_FREE char *real = realpath(folder, NULL);

	return real && path_is_below(path, real);
}

/* Files that the build reads and no key covers: a change there goes unnoticed until cargo finds it.
 * For crates and the compiler's own files the version stands in. */
static bool
is_known(const struct cache_work *work, const char *file)
{
	const struct cache_spec *spec = work->spec;

	if (sources_find(&work->sources, file) || strings_has(&spec->key, file) ||
	    is_below_variable(file, "CARGO_HOME", ".cargo") ||
	    is_below_variable(file, "RUSTUP_HOME", ".rustup"))
		return true;
	return path_is_below_any(file, &spec->foreign);
}

static int
list_outside(const struct cache_work *work, struct strings *outside, struct error **err)
{
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };
	AUTO_STRINGS struct strings files = { 0 };

	if (work->spec->preset->kind != PRESET_CARGO)
		return 0;
	if (cargo_target_open(work->spec, &target, err) < 0 ||
	    dep_info_list(&target, work->spec->directory, &files, err) < 0)
		return -1;
	for (size_t i = 0; i < files.count; i++)
		if (!is_known(work, files.items[i]))
			strings_add(outside, files.items[i]);
	return 0;
}

static json_t *
describe(const struct cache_work *work, const struct nearest *nearest,
	 const struct strings *differences, const struct strings *outside, struct page *page)
{
	const char *words = nearest->candidate ? nearest->candidate->words : NULL;
	const char *tag = nearest->candidate ? nearest->candidate->tag : NULL;

	if (!words)
		page_add(page, "%s: no cache of this name, platform and toolchain is there\n",
			 work->spec->name);
	else if (differences->count == 0)
		page_add(page, "%s: %s, nothing differs\n", work->spec->name, QUOTED(words));
	else
		page_add(page, "%s: the nearest cache has the %s, and differs in:\n",
			 work->spec->name, QUOTED(words));
	for (size_t i = 0; i < differences->count; i++)
		page_add(page, "  %s\n", differences->items[i]);
	if (outside->count > 0)
		page_add(page, "%s: the last build also read files that are not sources:\n",
			 work->spec->name);
	for (size_t i = 0; i < outside->count && i < SOURCES_SHOWN_COUNT; i++)
		page_add(page, "  %s\n", QUOTED(outside->items[i]));
	if (outside->count > SOURCES_SHOWN_COUNT)
		page_add(page, "  %zu others\n", outside->count - SOURCES_SHOWN_COUNT);
	return json_pack("{s:s, s:s?, s:s?, s:o, s:o}", "name", work->spec->name, "nearest", words,
			 "tag", tag, "differences", json_strings(differences), "outside_sources",
			 json_strings(outside));
}

static json_t *
explain(struct context *context, const struct cache_values *values, const struct cache_spec *spec,
	struct page *page, struct error **err)
{
	CLEANUP(cache_work_release) struct cache_work work = { 0 };
	CLEANUP(nearest_release)
	struct nearest nearest = {
		.record = BUF_INIT(CACHE_RECORD_LIMIT_BYTES),
		.sources = BUF_INIT(SOURCES_LIMIT_BYTES),
	};
	AUTO_STRINGS struct strings differences = { 0 };
	AUTO_STRINGS struct strings outside = { 0 };

	if (cache_work_begin(context, values, spec, &work, err) < 0 ||
	    find_nearest(context, &work.keys, &nearest, err) < 0 ||
	    (nearest.candidate && list_differences(&work, &nearest, &differences, err) < 0) ||
	    list_outside(&work, &outside, err) < 0) {
		error_wrap(err, "cannot explain cache '%s'", spec->name);
		return NULL;
	}
	return describe(&work, &nearest, &differences, &outside, page);
}

static int
run_cache_why(struct context *context, const void *opaque, const struct strings *operands,
	      struct error **err)
{
	return cache_command_tell_each(context, opaque, operands, explain, err);
}

const struct command cmd_cache_why = {
	.name = "why",
	.summary = "print what differs from the nearest cache",
	.usage = "[--path DIR] [NAME...]",
	.options = why_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_NETWORK | OPTIONS_PROJECT | OPTIONS_STORE,
	.operands_max = OPERANDS_ANY,
	.run = run_cache_why,
};
