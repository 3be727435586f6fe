/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - the tags under which a cache is looked up, and those under which it is saved
 *
 *     <name>-<letter>-<40 hex>     SHA-256 of a text that names everything the tag stands for
 *
 * e: the same sources, k: the same key files, i: the same image, v: another variant of it.  One GET
 * for each candidate, no listing; the first existing one is used.  ocifp-cache(7), "Keys", has the
 * texts.
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
	char *scope; /* the scope that it must be of, "branch main"; NULL: any trusted one */
	char *words; /* "same sources", "same dependencies, branch main" */
};

struct cache_keys {
	struct cache_candidate *candidates; /* the most exact first, each once */
	size_t candidate_count;

	/* The tags of a save; NULL: saving is not allowed here, and `why_not` has the reason in one
	 * line.
	 */
	char *save_repository;
	char *why_not;
	char *scope;                 /* of the save, "branch main" */
	bool is_default_branch;      /* a trusted save of the default branch */
	char *exact_tag;             /* of the present inputs; the first writer wins */
	struct strings pointer_tags; /* of this branch or pull request; the last writer wins */

	/* The inputs of the key, one line a fact; see key_record.h.  A save stores it as a layer,
	 * `why` compares it with today's.  Text, no secrets. */
	struct buf record;
	char *key; /* 40 hex digits of the exact tag, for GITHUB_OUTPUT */
};

enum cache_push { CACHE_PUSH_AUTO, CACHE_PUSH_ALWAYS, CACHE_PUSH_NEVER };

/* ERROR_USAGE: a missing key file; a preset whose tool is not installed, without an image. */
int cache_keys_make(const struct cache_spec *spec, const struct platform *platform,
		    const struct sources *sources, enum cache_push push,
		    struct cache_keys *ret_keys, struct error **err);
void cache_keys_release(struct cache_keys *keys);
#define AUTO_CACHE_KEYS CLEANUP(cache_keys_release)

#endif
