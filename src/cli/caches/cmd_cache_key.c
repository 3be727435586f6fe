/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/caches/cmd_cache.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "oci/document.h"

static const struct option_spec key_options[] = { CACHE_OPTIONS, { 0 } };

static const char *const hit_names[] = {
	[CACHE_MISS] = "miss",
	[CACHE_OTHER_VARIANT] = "variant",
	[CACHE_PARTIAL] = "partial",
	[CACHE_EXACT] = "exact",
};

static json_t *
tell(struct context *context, const struct cache_values *values, const struct cache_spec *spec,
     struct page *page, struct error **err)
{
	CLEANUP(cache_work_release) struct cache_work work = { 0 };

	if (cache_work_begin(context, values, spec, &work, err) == 0) {
		const struct cache_keys *keys = &work.keys;
		json_t *candidates = json_array();

		page_add(page, "%s key %s\n", work.spec->name, keys->key);
		for (size_t i = 0; i < keys->candidate_count; i++) {
			const struct cache_candidate *candidate = &keys->candidates[i];

			page_add(page, "  read %s:%s (%s)\n", QUOTED(candidate->repository),
				 candidate->tag, QUOTED(candidate->words));
			json_array_append_new(candidates,
					      json_pack("{s:s, s:s, s:s, s:s}", "hit",
							hit_names[candidate->kind], "repository",
							candidate->repository, "tag",
							candidate->tag, "words", candidate->words));
		}
		if (keys->save_repository)
			page_add(page, "  save %s:%s\n", QUOTED(keys->save_repository),
				 keys->exact_tag);
		else
			page_add(page, "  save nothing (%s)\n", QUOTED(keys->why_not));
		return json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:s, s:o}", "name", work.spec->name,
				 "key", keys->key, "candidates", candidates, "save_repository",
				 keys->save_repository, "read_only", keys->why_not, "tag",
				 keys->exact_tag, "pointers", json_strings(&keys->pointer_tags));
	}
	error_wrap(err, "cannot make the key of cache '%s'", spec->name);
	return NULL;
}

static int
run_cache_key(struct context *context, const void *opaque, const struct strings *operands,
	      struct error **err)
{
	return cache_command_tell_each(context, opaque, operands, tell, err);
}

const struct command cmd_cache_key = {
	.name = "key",
	.summary = "print where caches are looked for and where they are saved",
	.usage = "[--path DIR] [NAME...]",
	.options = key_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_PROJECT | OPTIONS_STORE,
	.operands_max = OPERANDS_ANY,
	.run = run_cache_key,
};
