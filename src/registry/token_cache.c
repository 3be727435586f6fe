#include "registry/token_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest.h"
#include "oci/document.h"
#include "registry/credentials.h"
#include "registry/secret.h"
#include "registry/token_answer.h"

struct token_cache {
	char *path;
	int dir_fd; /* -1: not opened yet */
};

struct token_cache *
token_cache_new_at(const char *path)
{
	struct token_cache *cache = XNEW(struct token_cache);

	cache->path = xstrdup(path);
	cache->dir_fd = -1;
	return cache;
}

static bool
is_absolute(const char *path)
{
	return path && *path == '/';
}

/* A runner's disk may outlive the job, its temporary directory does not. */
static char *
choose_path(void)
{
	const char *actions = secure_getenv("GITHUB_ACTIONS");
	const char *runner = secure_getenv("RUNNER_TEMP");
	const char *cache = secure_getenv("XDG_CACHE_HOME");
	const char *home = secure_getenv("HOME");

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
	if (cache->dir_fd >= 0)
		(void)close(cache->dir_fd);
	free(cache->path);
	free(cache);
}

/* Whoever else could write here could make us send a token of his choice. */
static bool
is_ours_alone(int dir_fd)
{
	struct stat status;

	return fstat(dir_fd, &status) == 0 && status.st_uid == geteuid() &&
	       !(status.st_mode & (S_IRWXG | S_IRWXO));
}

static bool
open_directory(struct token_cache *cache)
{
	AUTO_CLOSE int dir_fd = -1;

	if (!cache)
		return false;
	if (cache->dir_fd >= 0)
		return true;
	dir_fd = open(cache->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0 || !is_ours_alone(dir_fd))
		return false;
	cache->dir_fd = TAKE_FD(dir_fd);
	return true;
}

static bool
make_directory(struct token_cache *cache)
{
	AUTO_ERROR struct error *trouble = NULL;

	if (open_directory(cache))
		return true;
	return cache && dir_make(cache->path, 0700, &trouble) == 0 && open_directory(cache);
}

static json_t *
read_entry(struct token_cache *cache, const char *name)
{
	AUTO_SECRET_BUF struct buf bytes = BUF_INIT(TOKEN_LIMIT_BYTES);
	AUTO_ERROR struct error *trouble = NULL;
	bool found = false;

	if (!open_directory(cache))
		return NULL;
	if (file_find(cache->dir_fd, name, &bytes, &found, &trouble) < 0 || !found)
		return NULL;
	return document_parse(bytes.data, bytes.size, &trouble);
}

static bool
is_old(struct token_cache *cache, const char *name, time_t limit)
{
	struct stat status;

	return fstatat(cache->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_mtime <= limit;
}

static void
remove_tokens(struct token_cache *cache, DIR *directory, time_t limit)
{
	const struct dirent *entry;

	/* The directory stream is our caller's own. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((entry = readdir(directory)))
		if (text_ends(entry->d_name, ".token") && is_old(cache, entry->d_name, limit))
			(void)unlinkat(cache->dir_fd, entry->d_name, 0);
}

/* Those last written at `limit` or before. */
static void
sweep(struct token_cache *cache, time_t limit)
{
	AUTO_CLOSE int fd = openat(cache->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;

	if (!directory)
		return;
	(void)TAKE_FD(fd);
	remove_tokens(cache, directory, limit);
	(void)closedir(directory);
}

/* Takes the entry. */
static void
write_entry(struct token_cache *cache, const char *name, json_t *entry)
{
	AUTO_JSON json_t *owned = entry;
	AUTO_SECRET char *text = json_dumps(owned, JSON_COMPACT);
	AUTO_ERROR struct error *trouble = NULL;

	if (!text || strlen(text) > TOKEN_LIMIT_BYTES || !make_directory(cache))
		return;
	(void)file_replace(cache->dir_fd, name, 0600, text, strlen(text), &trouble);
}

static void
forget_entry(struct token_cache *cache, const char *name)
{
	if (open_directory(cache))
		(void)unlinkat(cache->dir_fd, name, 0);
}

/* Of the parts, each with its NUL, so that no two lists of parts look alike. */
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
	return xasprintf("%s.%s", digest_hex(&digest).text, suffix);
}

static char *
name_challenge(const char *origin)
{
	return name_entry(&origin, 1, "challenge");
}

bool
token_cache_find_challenge(struct token_cache *cache, const char *origin,
			   struct kept_challenge *ret_challenge)
{
	AUTO_FREE char *name = name_challenge(origin);
	AUTO_JSON json_t *entry = read_entry(cache, name);
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

	write_entry(cache, name,
		    json_pack("{s:s, s:s*, s:s*}", "scheme",
			      challenge->is_basic ? "basic" : "bearer", "realm", challenge->realm,
			      "service", challenge->service));
}

void
token_cache_forget_challenge(struct token_cache *cache, const char *origin)
{
	AUTO_FREE char *name = name_challenge(origin);

	forget_entry(cache, name);
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

	return name_entry(parts, sizeof(parts) / sizeof(*parts), "token");
}

bool
token_cache_find(struct token_cache *cache, const struct token_key *key,
		 struct token_answer *ret_answer)
{
	AUTO_FREE char *name = name_token(key);
	AUTO_JSON json_t *entry = read_entry(cache, name);
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

	write_entry(cache, name,
		    json_pack("{s:s, s:I}", "token", answer->token, "expires",
			      (json_int_t)time(NULL) + (json_int_t)answer->life_s));
	/* What is older than any token's life is of no use to anybody. */
	if (open_directory(cache))
		sweep(cache, time(NULL) - TOKEN_LIFE_LIMIT_S);
}

void
token_cache_forget(struct token_cache *cache, const struct token_key *key)
{
	AUTO_FREE char *name = name_token(key);

	forget_entry(cache, name);
}

void
token_cache_clear(struct token_cache *cache)
{
	if (open_directory(cache))
		sweep(cache, time(NULL));
}
