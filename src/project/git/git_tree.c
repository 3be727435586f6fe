/* SPDX-License-Identifier: Apache-2.0 */
#include "project/git/git_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "oci/digest.h"

void
git_entries_release(struct git_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		free(entries->items[i].path);
		free(entries->items[i].target);
	}
	free(entries->items);
	*entries = (struct git_entries){ 0 };
}

void
git_end_release(struct git_end *end)
{
	free(end->path);
	*end = (struct git_end){ 0 };
}

void
git_tree_release(struct git_tree *tree)
{
	git_entries_release(&tree->entries);
	strings_release(&tree->asked);
}

static int
compare(const void *left, const void *right)
{
	const struct git_entry *a = left;
	const struct git_entry *b = right;

	return strcmp(a->path, b->path);
}

static void
sort(struct git_entries *entries)
{
	size_t kept = 0;

	if (entries->count == 0)
		return;
	qsort(entries->items, entries->count, sizeof(*entries->items), compare);
	for (size_t i = 1; i < entries->count; i++) {
		struct git_entry *entry = &entries->items[i];

		if (compare(&entries->items[kept], entry) == 0) {
			free(entry->path);
			free(entry->target);
		} else {
			entries->items[++kept] = *entry;
		}
	}
	entries->count = kept + 1;
}

static bool
is_id(const char *text, size_t size)
{
	return (size == 40 || size == GIT_ID_LIMIT_CHARS) &&
	       strspn(text, "0123456789abcdef") >= size;
}

/* "<mode> <type> <id>\t<path>" */
static int
parse_entry(const char *line, struct git_entry *entry, struct error **err)
{
	const char *tab = strchr(line, '\t');
	const char *type = strchr(line, ' ');
	const char *id = type ? strchr(type + 1, ' ') : NULL;

	if (!tab || !id || id > tab || !is_id(id + 1, (size_t)(tab - id - 1)))
		return error_set(err, ERROR_CONTENT, "git ls-tree wrote an unexpected line");
	*entry = (struct git_entry){ .mode = (unsigned)strtoul(line, NULL, 8) };
	memcpy(entry->id, id + 1, (size_t)(tab - id - 1));
	entry->path = xstrdup(tab + 1);
	return 0;
}

/* A command line has a maximal length. */
static int
list(struct git *git, const char *how, const char *commit, const struct strings *paths,
     struct git_entries *entries, struct error **err)
{
	enum { PATHS_AT_ONCE = 128 };
	size_t first = 0;

	do {
		size_t end =
			first + PATHS_AT_ONCE < paths->count ? first + PATHS_AT_ONCE : paths->count;
		AUTO_STRINGS struct strings argv = { 0 };
		AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
		const char *const words[] = { "ls-tree", how, "-z", "--full-tree", commit, "--" };
		struct git_question question = { 0 };

		/* `how`: "-r" or "-t".  The paths from `first` to before `end`. */
		for (size_t i = 0; i < COUNT_OF(words); i++)
			strings_add(&argv, words[i]);
		for (size_t i = first; i < end; i++)
			strings_add(&argv, paths->items[i]);
		question.argv = (const char *const *)argv.items;
		if (git_read(git, &question, &output, err) < 0)
			return -1;
		for (size_t at = 0; at < output.size; at += strlen(output.data + at) + 1) {
			entries->items =
				xgrow(entries->items, entries->count, sizeof(*entries->items));
			if (parse_entry(output.data + at, &entries->items[entries->count], err) < 0)
				return -1;
			entries->count++;
		}
		first = end;
	} while (first < paths->count);
	sort(entries);
	return 0;
}

int
git_entries_list(struct git *git, const char *commit, const struct strings *paths,
		 struct git_entries *ret_entries, struct error **err)
{
	AUTO_GIT_ENTRIES struct git_entries entries = { 0 };

	if (list(git, "-r", commit, paths, &entries, err) < 0)
		return -1;
	*ret_entries = entries;
	entries = (struct git_entries){ 0 };
	return 0;
}

int
git_blob_read(struct git *git, const char *id, struct buf *bytes, struct error **err)
{
	const char *const argv[] = { "cat-file", "blob", id, NULL };
	const struct git_question question = { .argv = argv };

	return git_read(git, &question, bytes, err);
}

static struct git_entry *
find(const struct git_tree *tree, const char *path)
{
	const struct git_entry wanted = { .path = (char *)(uintptr_t)path };

	if (tree->entries.count == 0)
		return NULL;
	return bsearch(&wanted, tree->entries.items, tree->entries.count, sizeof(wanted), compare);
}

static int
read_target(const struct git_tree *tree, struct git_entry *link, struct error **err)
{
	AUTO_BUF struct buf target = BUF_INIT(PATH_LIMIT_BYTES);

	if (link->target)
		return 0;
	if (git_blob_read(tree->git, link->id, &target, err) < 0)
		return -1;
	link->target = xstrndup(target.data ? target.data : "", target.size);
	return 0;
}

/* A path while it is resolved, component by component. */
struct way {
	char *here; /* the resolved part; "": the root */
	char *rest;
	const struct git_entry *entry; /* the entry at `here` */
	bool has_ended;
	unsigned link_count;
};

static void
way_release(struct way *way)
{
	free(way->here);
	free(way->rest);
}

static void
add_trace(struct hasher *trace, const char *path, const struct git_entry *entry)
{
	AUTO_FREE char *line = entry ? xasprintf("%o %s %s", entry->mode, entry->id, path)
				     : xasprintf("- - %s", path);

	if (trace)
		hasher_add(trace, line, strlen(line) + 1);
}

static void
go_up(struct way *way)
{
	char *slash = strrchr(way->here, '/');

	way->has_ended = *way->here == '\0';
	*(slash ? slash : way->here) = '\0';
	way->entry = NULL;
}

static void
follow(struct way *way, const char *target)
{
	char *slash = strrchr(way->here, '/');
	AUTO_FREE char *before = TAKE_PTR(way->rest);

	way->rest = xasprintf("%s/%s", target, before);
	way->has_ended = *target == '/' || ++way->link_count > GIT_LINKS_LIMIT_COUNT;
	if (!way->has_ended)
		*(slash ? slash : way->here) = '\0';
}

/* Enters a directory, follows a link, or ends; *ret_unknown if `here` has to be asked for. */
static int
step_into(const struct git_tree *tree, struct way *way, const char *name, struct hasher *trace,
	  bool *ret_unknown, struct error **err)
{
	AUTO_FREE char *before = TAKE_PTR(way->here);
	struct git_entry *entry;

	way->here = xasprintf("%s%s%s", before, *before ? "/" : "", name);
	entry = find(tree, way->here);
	way->entry = entry;
	*ret_unknown = !entry && !strings_has(&tree->asked, way->here);
	if (!entry || entry->mode == GIT_DIRECTORY) {
		way->has_ended = !entry;
		return 0;
	}
	way->has_ended = entry->mode != GIT_LINK;
	if (way->has_ended)
		return 0;
	add_trace(trace, way->here, entry);
	if (read_target(tree, entry, err) < 0)
		return -1;
	follow(way, entry->target);
	return 0;
}

static int
walk(const struct git_tree *tree, const char *path, struct hasher *trace, struct way *way,
     bool *ret_unknown, struct error **err)
{
	*way = (struct way){ .here = xstrdup(""), .rest = xstrdup(path) };
	*ret_unknown = false;
	while (!way->has_ended && !*ret_unknown && way->rest[strspn(way->rest, "/")]) {
		size_t skip = strspn(way->rest, "/");
		size_t size = strcspn(way->rest + skip, "/");
		AUTO_FREE char *before = TAKE_PTR(way->rest);
		AUTO_FREE char *name = NULL;

		/* The next component of the rest; the caller owns it. */
		way->rest = xstrdup(before + skip + size);
		name = xstrndup(before + skip, size);
		if (strcmp(name, "..") == 0)
			go_up(way);
		else if (strcmp(name, ".") != 0 &&
			 step_into(tree, way, name, trace, ret_unknown, err) < 0)
			return -1;
	}
	return 0;
}

static int
ask(struct git_tree *tree, const struct strings *paths, struct error **err)
{
	AUTO_STRINGS struct strings named = { 0 };

	for (size_t i = 0; i < paths->count; i++)
		if (*paths->items[i] && !strings_has(&tree->asked, paths->items[i])) {
			strings_add(&named, paths->items[i]);
			strings_add(&tree->asked, paths->items[i]);
		}
	return named.count > 0 ? list(tree->git, "-t", tree->commit, &named, &tree->entries, err)
			       : 0;
}

/* Most paths have no links, and the first request answers them all. */
int
git_tree_find(struct git_tree *tree, const struct strings *paths, struct error **err)
{
	if (ask(tree, paths, err) < 0)
		return -1;
	for (;;) {
		AUTO_STRINGS struct strings unknown = { 0 };

		/* Paths that lead over an entry that was not asked for: it is asked for next. */
		for (size_t i = 0; i < paths->count; i++) {
			CLEANUP(way_release) struct way way = { 0 };
			bool is_unknown;

			if (walk(tree, paths->items[i], NULL, &way, &is_unknown, err) < 0)
				return -1;
			if (is_unknown && !strings_has(&unknown, way.here))
				strings_add(&unknown, way.here);
		}
		if (unknown.count == 0)
			return 0;
		if (ask(tree, &unknown, err) < 0)
			return -1;
	}
}

int
git_tree_end(struct git_tree *tree, const char *path, struct hasher *trace, struct git_end *ret_end,
	     struct error **err)
{
	CLEANUP(way_release) struct way way = { 0 };
	bool is_unknown;

	if (walk(tree, path, trace, &way, &is_unknown, err) < 0)
		return -1;
	add_trace(trace, way.here, way.entry);
	*ret_end = (struct git_end){ .entry = way.entry };
	if (way.entry && way.entry->mode == GIT_SUBMODULE)
		ret_end->submodule = way.entry;
	/* "file/more" does not exist. */
	else if (way.entry && way.entry->mode != GIT_DIRECTORY && way.entry->mode != GIT_LINK &&
		 way.rest[strspn(way.rest, "/.")])
		ret_end->entry = NULL;
	ret_end->path = TAKE_PTR(way.here);
	return 0;
}
