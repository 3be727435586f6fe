#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/transfer/restore.h"
#include "cache/transfer/save.h"
#include "cache/tree/cache_roots.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "store/store.h"

struct cache_values {
	struct strings paths;
	struct strings keys;
	const char *repository;
	bool strict;
	bool dry_run;
	bool replace;
};

#define AT(member) offsetof(struct cache_values, member)

/* One cache of the command line. */
struct wanted {
	const char *name;
	char *tag;
	char *key;
	char *journal_folder;
	struct cache_roots roots;
};

static void
wanted_release(struct wanted *wanted)
{
	free(wanted->tag);
	free(wanted->key);
	free(wanted->journal_folder);
	cache_roots_release(&wanted->roots);
}

static int
add_roots(struct wanted *wanted, const struct cache_values *values, struct error **err)
{
	for (size_t i = 0; i < values->paths.count; i++) {
		const char *path = values->paths.items[i];
		AUTO_FREE char *here = *path == '/' ? NULL : getcwd(NULL, 0);
		AUTO_FREE char *full = here ? xasprintf("%s/%s", here, path) : xstrdup(path);
		size_t size = strlen(full);

		while (size > 1 && full[size - 1] == '/')
			full[--size] = '\0';
		cache_roots_add(&wanted->roots, path, full);
	}
	if (wanted->roots.count > 0 && values->keys.count > 0 && values->repository)
		return 0;
	error_set(err, ERROR_USAGE, "cache requires --path, --key and --repository");
	return -1;
}

static int
want(struct context *context, const struct cache_values *values, const struct strings *operands,
     struct wanted *ret_wanted, struct error **err)
{
	AUTO_PAGE struct page text = { 0 };
	const char *temp = environment_find("RUNNER_TEMP");
	struct store *store = session_store(context_session(context), err);
	struct digest digest;

	ret_wanted->name = operands->count > 0 ? operands->items[0] : "default";
	if (!store || add_roots(ret_wanted, values, err) < 0)
		return -1;
	page_add(&text, "ocifp-cache-key-1\nname %s\n", ret_wanted->name);
	for (size_t i = 0; i < values->paths.count; i++)
		page_add(&text, "path %s\n", values->paths.items[i]);
	for (size_t i = 0; i < values->keys.count; i++)
		page_add(&text, "key %s\n", values->keys.items[i]);
	digest = digest_of(DIGEST_SHA256, text.text, text.size);
	ret_wanted->key = xasprintf("%.40s", digest_hex(&digest).text);
	ret_wanted->tag = xasprintf("v1-%s-%s", ret_wanted->name, ret_wanted->key);
	ret_wanted->journal_folder = temp ? xasprintf("%s/ocifp-cache", temp)
					  : xasprintf("%s/.ocifp/caches", store_path(store));
	return 0;
}

static int
tell_saved(struct context *context, const struct wanted *wanted, const struct cache_saved *saved,
	   int64_t elapsed_ms, struct error **err)
{
	static const char *const ends[] = {
		[CACHE_SAVED] = "saved",         [CACHE_UNCHANGED] = "unchanged",
		[CACHE_TAKEN] = "saved already", [CACHE_EMPTY] = "nothing to save",
		[CACHE_TOO_LARGE] = "too large",
	};
	AUTO_FREE char *size = text_bytes(saved->new_bytes);
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;

	page_add(&page, "cache %s: %s", wanted->name, ends[saved->end]);
	if (saved->end == CACHE_SAVED)
		page_add(&page, " %s (%.1f %% known)", size,
			 saved->packed_bytes > 0
				 ? 100.0 * (double)(saved->packed_bytes - saved->new_bytes) /
					   (double)saved->packed_bytes
				 : 0.0);
	page_add(&page, " in %.1f s\n", (double)elapsed_ms / 1000);
	text = page_take(&page);
	return context_result(
		context, text,
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "name", wanted->name,
			  "result", ends[saved->end], "new_bytes", (json_int_t)saved->new_bytes,
			  "packed_bytes", (json_int_t)saved->packed_bytes, "files",
			  (json_int_t)saved->file_count, "bytes", (json_int_t)saved->total_bytes,
			  "read_bytes", (json_int_t)saved->read_bytes, "packs",
			  (json_int_t)saved->pack_count),
		err);
}

static int
run_save(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct cache_values *values = opaque;
	CLEANUP(wanted_release) struct wanted wanted = { 0 };
	AUTO_CACHE_SAVED struct cache_saved saved = { 0 };
	int64_t start_ms = deadline_now_ms();
	struct cache_save save = { 0 };

	if (want(context, values, operands, &wanted, err) < 0)
		return -1;
	save = (struct cache_save){
		.repository = values->repository,
		.exact_tag = wanted.tag,
		.name = wanted.name,
		.key = wanted.key,
		.roots = &wanted.roots,
		.executables = true,
		.journal_folder = wanted.journal_folder,
	};
	if (cache_save(context_session(context), &save, &saved, err) < 0)
		return -1;
	return tell_saved(context, &wanted, &saved, deadline_now_ms() - start_ms, err);
}

static int
tell_restored(struct context *context, const struct wanted *wanted,
	      const struct cache_restored *restored, int64_t elapsed_ms, struct error **err)
{
	AUTO_FREE char *size = text_bytes(restored->total_bytes);
	AUTO_FREE char *text = NULL;

	text = restored->is_hit ? xasprintf("cache %s: %s in %.1f s", wanted->name, size,
					    (double)elapsed_ms / 1000)
				: xasprintf("cache %s: miss", wanted->name);
	return context_result(context, text,
			      json_pack("{s:s, s:b, s:I, s:I}", "name", wanted->name, "hit",
					restored->is_hit, "files", (json_int_t)restored->file_count,
					"bytes", (json_int_t)restored->total_bytes),
			      err);
}

static int
run_restore(struct context *context, const void *opaque, const struct strings *operands,
	    struct error **err)
{
	const struct cache_values *values = opaque;
	CLEANUP(wanted_release) struct wanted wanted = { 0 };
	AUTO_CACHE_RESTORED struct cache_restored restored = { 0 };
	int64_t start_ms = deadline_now_ms();
	struct cache_restore restore = { 0 };
	struct cache_place place;

	if (want(context, values, operands, &wanted, err) < 0)
		return -1;
	place = (struct cache_place){ values->repository, wanted.tag };
	restore = (struct cache_restore){
		.places = &place,
		.place_count = 1,
		.roots = &wanted.roots,
		.way = values->replace ? PLACEMENT_REPLACE : PLACEMENT_NEW,
		.dry_run = values->dry_run,
		.journal_folder = wanted.journal_folder,
	};
	if (cache_restore(context_session(context), &restore, &restored, err) < 0)
		return -1;
	return tell_restored(context, &wanted, &restored, deadline_now_ms() - start_ms, err);
}

static const struct option_spec save_options[] = {
	{ "path", 0, OPTION_STRINGS, AT(paths), "DIR", "save this directory; repeatable" },
	{ "key", 0, OPTION_STRINGS, AT(keys), "TEXT", "use this text as the key; repeatable" },
	{ "repository", 0, OPTION_STRING, AT(repository), "REF", "save to this repository" },
	{ 0 },
};

static const struct option_spec restore_options[] = {
	{ "path", 0, OPTION_STRINGS, AT(paths), "DIR", "restore this directory; repeatable" },
	{ "key", 0, OPTION_STRINGS, AT(keys), "TEXT", "use this text as the key; repeatable" },
	{ "repository", 0, OPTION_STRING, AT(repository), "REF", "restore from this repository" },
	{ "replace", 0, OPTION_FLAG, AT(replace), NULL, "replace directories that have content" },
	{ "dry-run", 'n', OPTION_FLAG, AT(dry_run), NULL,
	  "print what would be restored, and change nothing" },
	{ 0 },
};

static const struct command cmd_save = {
	.name = "save",
	.summary = "save directories to a repository",
	.usage = "[--path DIR] [--key TEXT] [--repository REF] [NAME]",
	.options = save_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_save,
};

static const struct command cmd_restore = {
	.name = "restore",
	.summary = "restore directories from a repository",
	.usage = "[-n] [--replace] [--path DIR] [--key TEXT] [--repository REF] [NAME]",
	.options = restore_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_restore,
};

const struct command cmd_cache = {
	.name = "cache",
	.summary = "save and restore directories of a build",
	.subcommands = (const struct command *const[]){ &cmd_save, &cmd_restore, NULL },
};
