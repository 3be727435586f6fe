/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/token_cache.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest.h"
#include "oci/document.h"
#include "registry/auth/credentials.h"
#include "registry/auth/token_answer.h"

/* Small JSON files in a directory of the user's own.  Failures are ignored: a directory that other
 * users can access is treated as empty and left alone. */
struct kept_files {
	char *path;
	int dir_fd; /* -1: not opened yet */
};

static bool
open_directory(struct kept_files *files)
{
	AUTO_CLOSE int dir_fd = -1;
	struct stat status;

	if (files->dir_fd >= 0)
		return true;
	dir_fd = dir_open_at(AT_FDCWD, files->path);
	if (dir_fd < 0)
		return false;
	/* Another user who can write here could make us send their token. */
	if (fstat(dir_fd, &status) != 0 || status.st_uid != geteuid() ||
	    (status.st_mode & (S_IRWXG | S_IRWXO)))
		return false;
	files->dir_fd = TAKE_FD(dir_fd);
	return true;
}

static bool
make_directory(struct kept_files *files)
{
	AUTO_ERROR struct error *trouble = NULL;

	if (open_directory(files))
		return true;
	return dir_make(files->path, 0700, &trouble) == 0 && open_directory(files);
}

static json_t *
kept_files_read(struct kept_files *files, const char *name)
{
	AUTO_SECRET_BUF struct buf bytes = BUF_INIT(TOKEN_LIMIT_BYTES);
	AUTO_ERROR struct error *trouble = NULL;
	bool found = false;

	if (!open_directory(files))
		return NULL;
	if (file_find(files->dir_fd, name, &bytes, &found, &trouble) < 0 || !found)
		return NULL;
	return document_parse(bytes.data, bytes.size, &trouble);
}

static bool
is_old(struct kept_files *files, const char *name, time_t limit)
{
	struct stat status;

	return fstatat(files->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_mtime <= limit;
}

/* A clock that was set back makes no entry last longer. */
static bool
kept_files_is_young(struct kept_files *files, const char *name, time_t life_s)
{
	time_t now = time(NULL);
	struct stat status;

	return open_directory(files) &&
	       fstatat(files->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_mtime <= now && status.st_mtime > now - life_s;
}

static void
kept_files_sweep(struct kept_files *files, const char *suffix, time_t limit)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (!open_directory(files) || dir_names(files->dir_fd, SIZE_MAX, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (text_ends(names.items[i], suffix) && is_old(files, names.items[i], limit))
			(void)unlinkat(files->dir_fd, names.items[i], 0);
}

static void
kept_files_write(struct kept_files *files, const char *name, json_t *entry)
{
	AUTO_JSON json_t *owned = entry;
	AUTO_SECRET char *text = json_dumps(owned, JSON_COMPACT);
	AUTO_ERROR struct error *trouble = NULL;

	if (!text || strlen(text) > TOKEN_LIMIT_BYTES || !make_directory(files))
		return;
	(void)file_replace_unsynced(files->dir_fd, name, 0600, text, strlen(text), &trouble);
}

static void
kept_files_remove(struct kept_files *files, const char *name)
{
	if (open_directory(files))
		(void)unlinkat(files->dir_fd, name, 0);
}

static const char token_suffix[] = ".token";
static const char mark_suffix[] = ".mark";

struct token_cache {
	struct kept_files files;
};

struct token_cache *
token_cache_new_at(const char *path)
{
	struct token_cache *cache = XNEW(struct token_cache);

	cache->files = (struct kept_files){ .path = xstrdup(path), .dir_fd = -1 };
	return cache;
}

static bool
is_absolute(const char *path)
{
	return path && *path == '/';
}

/* Under Actions: a self-hosted runner's disk outlives the job, RUNNER_TEMP does not. */
static char *
choose_path(void)
{
	const char *actions = environment_find("GITHUB_ACTIONS");
	const char *runner = environment_find("RUNNER_TEMP");
	const char *cache = environment_find("XDG_CACHE_HOME");
	const char *home = environment_find("HOME");

	if (actions && strcmp(actions, "true") == 0)
		return is_absolute(runner) ? xasprintf("%s/ocifp-tokens", runner) : NULL;
	if (is_absolute(cache))
		return xasprintf("%s/ocifp/tokens", cache);
	return is_absolute(home) ? xasprintf("%s/.cache/ocifp/tokens", home) : NULL;
}

struct token_cache *
token_cache_new(void)
{
	AUTO_FREE char *path = choose_path();

	return path ? token_cache_new_at(path) : NULL;
}

void
token_cache_free(struct token_cache *cache)
{
	if (!cache)
		return;
	if (cache->files.dir_fd >= 0)
		(void)close(cache->files.dir_fd);
	cache->files.dir_fd = -1;
	free(TAKE_PTR(cache->files.path));
	free(cache);
}

/* Hashes each part with its NUL, so that two different lists never hash the same bytes. */
static char *
name_entry(const char *const *parts, size_t part_count, const char *suffix)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	struct digest digest;

	for (size_t i = 0; i < part_count; i++) {
		const char *part = parts[i] ? parts[i] : "";

		hasher_add(hasher, part, strlen(part) + 1);
	}
	digest = hasher_finish(hasher);
	return xasprintf("%s%s", digest_hex(&digest).text, suffix);
}

/* "https:__ghcr.io:443.challenge": not hashed, as a command's first hash makes OpenSSL take a
 * millisecond to find its algorithms, and can wait until the request is on its way. */
static char *
name_challenge(const char *origin)
{
	char *name = xasprintf("%s.challenge", origin);

	for (char *slash = name; (slash = strchr(slash, '/')); slash++)
		*slash = '_';
	return name;
}

bool
token_cache_find_challenge(struct token_cache *cache, const char *origin,
			   struct kept_challenge *ret_challenge)
{
	AUTO_FREE char *name = name_challenge(origin);
	AUTO_JSON json_t *entry = cache ? kept_files_read(&cache->files, name) : NULL;
	const char *scheme = json_string_value(json_object_get(entry, "scheme"));
	const char *realm = json_string_value(json_object_get(entry, "realm"));
	const char *service = json_string_value(json_object_get(entry, "service"));

	if (!scheme || (!realm && strcmp(scheme, "basic") != 0))
		return false;
	*ret_challenge = (struct kept_challenge){
		.is_basic = strcmp(scheme, "basic") == 0,
		.realm = xstrdup_null(realm),
		.service = xstrdup_null(service),
	};
	return true;
}

void
token_cache_keep_challenge(struct token_cache *cache, const char *origin,
			   const struct kept_challenge *challenge)
{
	AUTO_FREE char *name = name_challenge(origin);

	if (cache)
		kept_files_write(&cache->files, name,
				 json_pack("{s:s, s:s*, s:s*}", "scheme",
					   challenge->is_basic ? "basic" : "bearer", "realm",
					   challenge->realm, "service", challenge->service));
}

void
token_cache_forget_challenge(struct token_cache *cache, const char *origin)
{
	AUTO_FREE char *name = name_challenge(origin);

	if (cache)
		kept_files_remove(&cache->files, name);
}

void
kept_challenge_release(struct kept_challenge *challenge)
{
	free(challenge->realm);
	free(challenge->service);
	*challenge = (struct kept_challenge){ 0 };
}

static char *
name_token(const struct token_key *key)
{
	const struct credential *credential = key->credential;
	const char *parts[] = {
		key->origin,
		key->realm,
		key->service,
		key->scope,
		credential ? credential->username : NULL,
		credential ? credential->password : NULL,
		credential ? credential->identity_token : NULL,
	};

	return name_entry(parts, COUNT_OF(parts), token_suffix);
}

bool
token_cache_find(struct token_cache *cache, const struct token_key *key,
		 struct token_answer *ret_answer)
{
	AUTO_FREE char *name = name_token(key);
	AUTO_JSON json_t *entry = cache ? kept_files_read(&cache->files, name) : NULL;
	const char *token = json_string_value(json_object_get(entry, "token"));
	json_int_t expires = json_integer_value(json_object_get(entry, "expires"));
	json_int_t now = (json_int_t)time(NULL);

	if (!token || !*token || !text_is_printable_ascii(token))
		return false;
	if (expires <= now + TOKEN_MARGIN_S || expires > now + TOKEN_LIFE_LIMIT_S)
		return false;
	*ret_answer = (struct token_answer){ .token = xstrdup(token),
					     .life_s = (int64_t)(expires - now) };
	return true;
}

void
token_cache_keep(struct token_cache *cache, const struct token_key *key,
		 const struct token_answer *answer)
{
	AUTO_FREE char *name = name_token(key);

	if (!cache)
		return;
	kept_files_write(&cache->files, name,
			 json_pack("{s:s, s:I}", "token", answer->token, "expires",
				   (json_int_t)time(NULL) + (json_int_t)answer->life_s));
	/* Remove tokens that have expired in any case. */
	kept_files_sweep(&cache->files, token_suffix, time(NULL) - TOKEN_LIFE_LIMIT_S);
}

void
token_cache_forget(struct token_cache *cache, const struct token_key *key)
{
	AUTO_FREE char *name = name_token(key);

	if (cache)
		kept_files_remove(&cache->files, name);
}

static const struct {
	const char *name;
	time_t life_s;
} marks[] = {
	[MARK_MIRROR_FAILED] = { "mirror failed", MIRROR_VERDICT_S },
	[MARK_DIRECT_BEARER_FAILED] = { "direct bearer failed", DIRECT_BEARER_VERDICT_S },
	[MARK_TAG_PUT] = { "tag put", TAG_PUT_KEPT_S },
};

static char *
name_mark(enum origin_mark mark, const char *origin)
{
	const char *parts[] = { marks[mark].name, origin };

	return name_entry(parts, COUNT_OF(parts), mark_suffix);
}

bool
token_cache_has_mark(struct token_cache *cache, enum origin_mark mark, const char *origin)
{
	AUTO_FREE char *name = name_mark(mark, origin);

	return cache && kept_files_is_young(&cache->files, name, marks[mark].life_s);
}

void
token_cache_keep_mark(struct token_cache *cache, enum origin_mark mark, const char *origin)
{
	AUTO_FREE char *name = name_mark(mark, origin);

	if (!cache)
		return;
	kept_files_write(&cache->files, name, json_object());
	kept_files_sweep(&cache->files, mark_suffix, time(NULL) - TAG_PUT_KEPT_S);
}

void
token_cache_clear(struct token_cache *cache)
{
	if (cache)
		kept_files_sweep(&cache->files, token_suffix, time(NULL));
}
