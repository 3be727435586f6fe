/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - the tags under which a cache is looked for, and those under which it is saved
 *
 *     <name>-<letter>-<40 hex>     SHA-256 of a text that names everything the tag stands for
 *
 * e: the same sources, k: the same key files, i: the same image, v: another variant of it.  One GET
 * a candidate, no listing; the first that is there counts.  ocifp-cache(7), "Keys", has the texts.
 */
#ifndef OCIFP_CACHE_KEY_KEYS_H
#define OCIFP_CACHE_KEY_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strings.h"
#include "oci/platform.h"

struct cache_spec;
struct error;
struct sources;

enum cache_hit { CACHE_MISS, CACHE_OTHER_VARIANT, CACHE_PARTIAL, CACHE_EXACT };

struct cache_candidate {
	enum cache_hit kind;
	char *repository; /* "host/name" or "oci:DIR" */
	char *tag;
	char *scope; /* that it was saved in, "branch main"; NULL: any trusted one */
	char *words; /* "same sources", "same dependencies, branch main" */
};

struct cache_keys {
	struct cache_candidate *candidates; /* most exact first, each once */
	size_t candidate_count;

	/* Where a save goes; NULL: nothing may be saved here, and `why_not` says why in one line.
	 */
	char *save_repository;
	char *why_not;
	char *scope;                 /* of the save, "branch main" */
	bool is_default_branch;      /* a trusted save of the default branch */
	char *exact_tag;             /* of the present inputs; first writer wins */
	struct strings pointer_tags; /* of this branch or pull request; last writer wins */

	/* What went into the key, one line a fact: cache_record_compare() of key_record.h.  A save
	 * carries it as a layer, `why` compares that with today's.  Text, no secrets. */
	struct buf record;
	char *key; /* 40 hex digits of the exact tag, for GITHUB_OUTPUT */
};

enum cache_push { CACHE_PUSH_AUTO, CACHE_PUSH_ALWAYS, CACHE_PUSH_NEVER };

/* ERROR_USAGE: a key file that is missing, a preset whose tool is not there and no image. */
int cache_keys_make(const struct cache_spec *spec, const struct platform *platform,
		    const struct sources *sources, enum cache_push push,
		    struct cache_keys *ret_keys, struct error **err);
void cache_keys_release(struct cache_keys *keys);
#define AUTO_CACHE_KEYS CLEANUP(cache_keys_release)

#endif
