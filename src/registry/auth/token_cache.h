/* SPDX-License-Identifier: Apache-2.0 */
/* token_cache.h - pull tokens and challenges, kept between runs
 *
 * With them a lookup needs no request but its own.
 *
 *     <dir>/<sha256>.challenge   of the registry's origin:
 *                                {"scheme": "bearer", "realm": "...", "service": "..."}
 *     <dir>/<sha256>.token       of origin, realm, service, scope and credential:
 *                                {"token": "...", "expires": <seconds since 1970>}
 *     <dir>/<sha256>.mark        of a kind of mark and an origin: {}, counts from its mtime
 *
 * <dir> is $RUNNER_TEMP/ocifp-tokens under GitHub Actions, else ocifp/tokens below $XDG_CACHE_HOME
 * or ~/.cache; mode 0700, files 0600.  Failures are ignored: an unusable cache is empty.
 */
#ifndef OCIFP_REGISTRY_AUTH_TOKEN_CACHE_H
#define OCIFP_REGISTRY_AUTH_TOKEN_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct credential;
struct token_answer;
struct token_cache;

/* NULL: no usable path.  The first write creates the directory. */
struct token_cache *token_cache_new(void);
struct token_cache *token_cache_new_at(const char *path);
void token_cache_free(struct token_cache *cache);
DEFINE_CLEANUP(struct token_cache, token_cache_free)
#define AUTO_TOKEN_CACHE CLEANUP(token_cache_free_at)

struct kept_challenge {
	bool is_basic;
	char *realm;   /* NULL for Basic */
	char *service; /* NULL: none */
};

/* `origin` is "https://host:port"; `cache` may be NULL. */
bool token_cache_find_challenge(struct token_cache *cache, const char *origin,
				struct kept_challenge *ret_challenge);
void token_cache_keep_challenge(struct token_cache *cache, const char *origin,
				const struct kept_challenge *challenge);
void token_cache_forget_challenge(struct token_cache *cache, const char *origin);
void kept_challenge_release(struct kept_challenge *challenge);
#define AUTO_KEPT_CHALLENGE CLEANUP(kept_challenge_release)

struct token_key {
	const char *origin;
	const char *realm;
	const char *service; /* NULL: none */
	const char *scope;
	const struct credential *credential; /* NULL: anonymous */
};

/* False also for a token that expires soon. */
bool token_cache_find(struct token_cache *cache, const struct token_key *key,
		      struct token_answer *ret_answer);
void token_cache_keep(struct token_cache *cache, const struct token_key *key,
		      const struct token_answer *answer);
void token_cache_forget(struct token_cache *cache, const struct token_key *key);

/* What a run found out about an origin, for later ones.  Each kind counts for a time. */
enum origin_mark {
	MARK_MIRROR_FAILED,        /* MIRROR_VERDICT_S */
	MARK_DIRECT_BEARER_FAILED, /* DIRECT_BEARER_VERDICT_S */
	MARK_TAG_PUT,              /* TAG_PUT_KEPT_S; of a tag and the digest that it was given */
};
bool token_cache_has_mark(struct token_cache *cache, enum origin_mark mark, const char *origin);
void token_cache_keep_mark(struct token_cache *cache, enum origin_mark mark, const char *origin);

/* Removes all tokens, after a logout. */
void token_cache_clear(struct token_cache *cache);

#endif
