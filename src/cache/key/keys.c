/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/key/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/key/key_file.h"
#include "cache/key/key_record.h"
#include "cache/key/spec.h"
#include "cache/key/toolchain.h"
#include "cache/sources/sources.h"
#include "fingerprint/git.h"
#include "oci/digest.h"
#include "project/ci.h"

#define KEY_HEX_CHARS 40
#define FACT_HEX_CHARS 16

extern char **environ;

static const char format[] = "ocifp-cache 1";
static const char first_guess_of_default_branch[] = "main";

/* The texts that are hashed to tags, the most general first. */
struct texts {
	char *base; /* name, platform, paths, and the toolchain */
	char *variant;
	char *key; /* files and variables */
	char *sources;
	struct strings facts; /* for the record */
};

static void
texts_release(struct texts *texts)
{
	free(texts->base);
	free(texts->variant);
	free(texts->key);
	free(texts->sources);
	strings_release(&texts->facts);
}

void
cache_keys_release(struct cache_keys *keys)
{
	for (size_t i = 0; i < keys->candidate_count; i++) {
		free(keys->candidates[i].repository);
		free(keys->candidates[i].tag);
		free(keys->candidates[i].scope);
		free(keys->candidates[i].words);
	}
	free(keys->candidates);
	free(keys->save_repository);
	free(keys->why_not);
	free(keys->scope);
	free(keys->exact_tag);
	strings_release(&keys->pointer_tags);
	buf_release(&keys->record);
	free(keys->key);
	*keys = (struct cache_keys){ 0 };
}

static void __attribute__((format(printf, 2, 3))) add_line(char **text, const char *form, ...)
{
	AUTO_FREE char *before = *text;
	AUTO_FREE char *line = NULL;
	va_list args;

	va_start(args, form);
	line = xvasprintf(form, args);
	va_end(args);
	*text = xasprintf("%s%s\n", before ? before : "", line);
}

static struct digest_text
hex_of(const char *text)
{
	struct digest digest = digest_of(DIGEST_SHA256, text, strlen(text));

	return digest_hex(&digest);
}

static int
describe_base(const struct cache_spec *spec, const struct platform *platform, struct texts *texts,
	      struct error **err)
{
	AUTO_FREE char *platform_text = platform_format(platform);
	AUTO_STRINGS struct strings labels = { 0 };
	CLEANUP(toolchain_release) struct toolchain toolchain = { 0 };

	add_line(&texts->base, "cache %s", spec->name);
	add_line(&texts->base, "preset %s", spec->preset->name);
	add_line(&texts->base, "platform %s", platform_text);
	cache_record_add(&texts->facts, "platform", "%s", platform_text);
	for (size_t i = 0; i < spec->path_count; i++)
		strings_add(&labels, spec->paths[i].label);
	strings_sort(&labels);
	for (size_t i = 0; i < labels.count; i++) {
		add_line(&texts->base, "path %s", labels.items[i]);
		cache_record_add(&texts->facts, "path", "%s", labels.items[i]);
	}
	if (!spec->preset->is_movable && !spec->preset->is_portable) {
		add_line(&texts->base, "directory %s", spec->directory);
		cache_record_add(&texts->facts, "directory", "%s", spec->directory);
	}
	if (spec->image) {
		add_line(&texts->base, "image %s", spec->image_fingerprint);
		cache_record_add(&texts->facts, "image", "%s %s", spec->image,
				 spec->image_fingerprint);
		return 0;
	}
	if (spec->preset->is_portable)
		return 0;
	if (toolchain_find(spec, &toolchain, err) < 0)
		return -1;
	add_line(&texts->base, "toolchain %s", hex_of(toolchain.said).text);
	add_line(&texts->base, "system %s", toolchain.system);
	if (*toolchain.words)
		cache_record_add(&texts->facts, "toolchain", "%s", toolchain.words);
	cache_record_add(&texts->facts, "system", "%s", toolchain.system);
	return 0;
}

static bool
variable_counts(const struct cache_preset *preset, const char *name, size_t size)
{
	for (size_t i = 0; preset->environment[i]; i++) {
		const char *pattern = preset->environment[i];
		size_t length = strcspn(pattern, "*");

		if (pattern[length] ? size >= length && strncmp(name, pattern, length) == 0
				    : size == length && strncmp(name, pattern, length) == 0)
			return true;
	}
	return false;
}

static void
describe_variables(const struct cache_spec *spec, struct texts *texts)
{
	AUTO_STRINGS struct strings variables = { 0 };

	for (char **next = environ; *next; next++) {
		size_t size = strcspn(*next, "=");

		if ((*next)[size] && (*next)[size + 1] &&
		    variable_counts(spec->preset, *next, size))
			strings_add(&variables, *next);
	}
	strings_sort(&variables);
	for (size_t i = 0; i < variables.count; i++) {
		const char *value = strchr(variables.items[i], '=') + 1;
		AUTO_FREE char *name =
			xstrndup(variables.items[i], strcspn(variables.items[i], "="));

		add_line(&texts->key, "variable %s %s", name, hex_of(value).text);
		cache_record_add(&texts->facts, "variable", "%s %.*s", name, FACT_HEX_CHARS,
				 hex_of(value).text);
	}
}

static int
describe_files(const struct cache_spec *spec, struct texts *texts, struct error **err)
{
	for (size_t i = 0; i < spec->key.count; i++) {
		const char *path = spec->key.items[i];
		AUTO_BUF struct buf bytes = BUF_INIT(KEY_INPUT_LIMIT_BYTES);
		AUTO_STRINGS struct strings packages = { 0 };
		AUTO_FREE char *masked = NULL;
		struct digest digest;
		bool is_found;

		if (key_file_read(spec->directory, path, strings_has(&spec->optional, path), &bytes,
				  &is_found, err) < 0)
			return -1;
		if (!is_found)
			continue;
		/* The bytes of a binary file are hashed as they are: it has no versions to mask. */
		if (bytes.data && strlen(bytes.data) == bytes.size) {
			masked = key_file_mask(path, bytes.data);
			key_file_packages(path, bytes.data, &packages);
			digest = digest_of(DIGEST_SHA256, masked, strlen(masked));
		} else {
			digest = digest_of(DIGEST_SHA256, bytes.data ? bytes.data : "", bytes.size);
		}
		add_line(&texts->key, "file %s %s", path, digest_hex(&digest).text);
		cache_record_add(&texts->facts, "file", "%s %.*s", path, FACT_HEX_CHARS,
				 digest_hex(&digest).text);
		for (size_t j = 0; j < packages.count; j++)
			cache_record_add(&texts->facts, "package", "%s %s", path,
					 packages.items[j]);
	}
	return 0;
}

static int
describe(const struct cache_spec *spec, const struct platform *platform,
	 const struct sources *sources, struct texts *texts, struct error **err)
{
	char hex[2 * SOURCE_DIGEST_BYTES + 1];

	if (describe_base(spec, platform, texts, err) < 0 || describe_files(spec, texts, err) < 0)
		return -1;
	describe_variables(spec, texts);
	if (!texts->key)
		texts->key = xstrdup("");
	add_line(&texts->variant, "variant %s", spec->variant);
	if (*spec->variant)
		cache_record_add(&texts->facts, "variant", "%s", spec->variant);
	text_hex(sources->tree, sizeof(sources->tree), hex);
	add_line(&texts->sources, "sources %s", hex);
	cache_record_add(&texts->facts, "sources", "%.*s", FACT_HEX_CHARS, hex);
	return 0;
}

/* `kind` is a letter of the tag, so that people can tell tags apart. */
static char *
make_tag(const struct cache_spec *spec, char kind, const char *const *parts)
{
	AUTO_FREE char *text = xasprintf("%s %c\n", format, kind);

	for (; *parts; parts++) {
		AUTO_FREE char *before = TAKE_PTR(text);

		text = xasprintf("%s%s", before, *parts);
	}
	return xasprintf("%s-%c-%.*s", spec->name, kind, KEY_HEX_CHARS, hex_of(text).text);
}

/* Where a change is saved: "branch main", "pull request 5"; a line of the text. */
static char *
scope_line(const char *kind, const char *name)
{
	return xasprintf("scope %s %s\n", kind, name);
}

static char *
exact_tag(const struct cache_spec *spec, const struct texts *texts, const char *scope)
{
	return make_tag(spec, 'e',
			(const char *const[]){ texts->base, texts->variant, texts->key,
					       texts->sources, scope, NULL });
}

static char *
key_tag(const struct cache_spec *spec, const struct texts *texts, const char *scope)
{
	return make_tag(
		spec, 'k',
		(const char *const[]){ texts->base, texts->variant, texts->key, scope, NULL });
}

static char *
image_tag(const struct cache_spec *spec, const struct texts *texts, const char *scope)
{
	return make_tag(spec, 'i',
			(const char *const[]){ texts->base, texts->variant, scope, NULL });
}

static char *
any_variant_tag(const struct cache_spec *spec, const struct texts *texts, const char *scope)
{
	return make_tag(spec, 'v', (const char *const[]){ texts->base, scope, NULL });
}

static void
add_candidate(struct cache_keys *keys, enum cache_hit kind, const char *repository, char *tag,
	      const char *scope, char *words)
{
	for (size_t i = 0; i < keys->candidate_count; i++) {
		if (strcmp(keys->candidates[i].tag, tag) != 0 ||
		    strcmp(keys->candidates[i].repository, repository) != 0)
			continue;
		free(tag);
		free(words);
		return;
	}
	keys->candidates =
		xrealloc(keys->candidates, (keys->candidate_count + 1) * sizeof(*keys->candidates));
	keys->candidates[keys->candidate_count++] = (struct cache_candidate){
		.kind = kind,
		.repository = xstrdup(repository),
		.tag = tag,
		.scope = xstrdup_null(scope),
		.words = words,
	};
}

/* A place where the newest cache may be, the most specific first. */
struct place {
	const char *repository;
	char *scope;
	char *words;
};

struct places {
	struct place items[4];
	size_t count;
};

static void
places_release(struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->items[i].scope);
		free(places->items[i].words);
	}
}

static void
add_place(struct places *places, const char *repository, const char *kind, const char *name)
{
	if (repository && name)
		places->items[places->count++] = (struct place){
			.repository = repository,
			.scope = scope_line(kind, name),
			.words = xasprintf("%s %s", kind, name),
		};
}

static const char *
builder_words(const struct cache_spec *spec)
{
	if (spec->image)
		return "same image";
	if (spec->preset->is_portable)
		return "same tool";
	return spec->preset->toolchain ? "same toolchain" : "same system";
}

static void
list_candidates(const struct cache_spec *spec, const struct texts *texts,
		const struct places *places, struct cache_keys *keys)
{
	for (size_t i = 0; i < places->count; i++)
		if (places->items[i].repository != spec->repository)
			add_candidate(keys, CACHE_EXACT, places->items[i].repository,
				      exact_tag(spec, texts, places->items[i].scope),
				      places->items[i].words, xstrdup("same sources"));
	add_candidate(keys, CACHE_EXACT, spec->repository, exact_tag(spec, texts, ""), NULL,
		      xstrdup("same sources"));
	for (size_t i = 0; i < places->count; i++)
		add_candidate(keys, CACHE_PARTIAL, places->items[i].repository,
			      key_tag(spec, texts, places->items[i].scope), places->items[i].words,
			      xasprintf("same dependencies, %s", places->items[i].words));
	for (size_t i = 0; i < places->count; i++)
		add_candidate(keys, CACHE_PARTIAL, places->items[i].repository,
			      image_tag(spec, texts, places->items[i].scope),
			      places->items[i].words,
			      xasprintf("%s, %s", builder_words(spec), places->items[i].words));
	for (size_t i = 0; i < places->count; i++)
		add_candidate(keys, CACHE_OTHER_VARIANT, places->items[i].repository,
			      any_variant_tag(spec, texts, places->items[i].scope),
			      places->items[i].words,
			      xasprintf("another job, %s", places->items[i].words));
}

/* The scope and tag of a save; *ret_scope NULL: none. */
static void
find_save(const struct cache_spec *spec, const struct ci_event *event, enum cache_push push,
	  struct cache_keys *keys, char **ret_scope)
{
	bool is_change = event->trust == CI_PULL_REQUEST || event->trust == CI_BRANCH;

	*ret_scope = NULL;
	if (push == CACHE_PUSH_NEVER) {
		keys->why_not = xstrdup("--push never");
	} else if (is_change && !spec->pull_requests) {
		keys->why_not =
			xasprintf("read-only: %s, and no 'pull_requests' is named",
				  event->trust == CI_BRANCH ? "push_refs does not have this branch"
							    : event->why_not);
	} else if (is_change) {
		keys->save_repository = xstrdup(spec->pull_requests);
		*ret_scope = event->trust == CI_BRANCH
				     ? scope_line("branch", event->branch)
				     : scope_line("pull request", event->pull_request);
	} else if (event->trust == CI_READ_ONLY && (push != CACHE_PUSH_ALWAYS || ci_is_known())) {
		keys->why_not = xasprintf("read-only: %s", event->why_not);
	} else {
		keys->save_repository = xstrdup(spec->repository);
		*ret_scope = scope_line("branch", event->branch ? event->branch
								: first_guess_of_default_branch);
	}
}

static void
list_save(const struct cache_spec *spec, const struct texts *texts, const char *scope,
	  struct cache_keys *keys)
{
	bool is_trusted =
		keys->save_repository && strcmp(keys->save_repository, spec->repository) == 0;

	keys->exact_tag = exact_tag(spec, texts, !scope || is_trusted ? "" : scope);
	if (!scope)
		return;
	strings_take(&keys->pointer_tags, key_tag(spec, texts, scope));
	strings_take(&keys->pointer_tags, image_tag(spec, texts, scope));
	strings_take(&keys->pointer_tags, any_variant_tag(spec, texts, scope));
}

/* A short ref name from git; NULL: none. */
static char *
symbolic_name(struct git *git, const char *name)
{
	const char *const argv[] = { "symbolic-ref", "--short", "-q", name, NULL };
	const struct git_question question = { .argv = argv };
	AUTO_BUF struct buf output = BUF_INIT(PATH_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;

	if (git_read(git, &question, &output, &ignored) < 0 || output.size < 2)
		return NULL;
	output.data[output.size - 1] = '\0';
	return text_is_printable_ascii(output.data) ? xstrdup(output.data) : NULL;
}

/* Without the variables of a CI system. */
static void
find_branches(const char *directory, struct ci_event *event)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_GIT struct git *git = NULL;

	if (!ci_is_github() && git_open(directory, &git, &ignored) == 0 && git) {
		AUTO_FREE char *remote = symbolic_name(git, "refs/remotes/origin/HEAD");

		if (!event->branch)
			event->branch = symbolic_name(git, "HEAD");
		if (!event->default_branch && remote && text_starts(remote, "origin/"))
			event->default_branch = xstrdup(remote + strlen("origin/"));
	}
	if (!event->default_branch)
		event->default_branch = xstrdup(first_guess_of_default_branch);
}

int
cache_keys_make(const struct cache_spec *spec, const struct platform *platform,
		const struct sources *sources, enum cache_push push, struct cache_keys *ret_keys,
		struct error **err)
{
	CLEANUP(texts_release) struct texts texts = { 0 };
	CLEANUP(places_release) struct places places = { 0 };
	AUTO_CACHE_KEYS struct cache_keys keys = { .record.limit = CACHE_RECORD_LIMIT_BYTES };
	AUTO_CI_EVENT struct ci_event event = { 0 };
	AUTO_FREE char *scope = NULL;

	if (!spec->repository) {
		error_set(err, ERROR_USAGE, "cannot tell where cache '%s' is kept: %s", spec->name,
			  spec->no_repository);
		return error_set_hint(err, "name it with --repository, or in the project file, as "
					   "in 'repository: ghcr.io/OWNER/NAME-cache'");
	}
	if (describe(spec, platform, sources, &texts, err) < 0)
		return -1;
	ci_event_find(&spec->push_refs, &event);
	find_branches(spec->directory, &event);
	/* A job of a pull request reads its own scope, then the trusted ones, never that of another
	 * pull request. */
	if (event.trust == CI_PULL_REQUEST)
		add_place(&places, spec->pull_requests, "pull request", event.pull_request);
	else if (event.trust == CI_BRANCH)
		add_place(&places, spec->pull_requests, "branch", event.branch);
	else
		add_place(&places, spec->repository, "branch", event.branch);
	add_place(&places, spec->repository, "branch", event.base);
	add_place(&places, spec->repository, "branch", event.default_branch);
	list_candidates(spec, &texts, &places, &keys);
	find_save(spec, &event, push, &keys, &scope);
	list_save(spec, &texts, scope, &keys);
	if (scope)
		keys.scope =
			xstrndup(scope + strlen("scope "), strlen(scope) - strlen("scope ") - 1);
	keys.is_default_branch = keys.save_repository && event.branch && event.default_branch &&
				 strcmp(keys.save_repository, spec->repository) == 0 &&
				 strcmp(event.branch, event.default_branch) == 0;
	keys.key = xstrdup(keys.exact_tag + strlen(keys.exact_tag) - KEY_HEX_CHARS);
	if (cache_record_write(&texts.facts, &keys.record, err) < 0)
		return -1;
	*ret_keys = keys;
	keys = (struct cache_keys){ 0 };
	return 0;
}
