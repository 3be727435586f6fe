/* SPDX-License-Identifier: Apache-2.0 */
#include "project/git/git_refs.h"

#include <search.h>
#include <string.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"

static const char *const kinds[] = { "refs/heads", "refs/tags", "refs/remotes", NULL };

void
git_refs_release(struct git_refs *refs)
{
	for (size_t i = 0; i < refs->count; i++) {
		free(refs->items[i].name);
		free(refs->items[i].commit);
	}
	free(refs->items);
	tdestroy(refs->by_commit, free);
	*refs = (struct git_refs){ 0 };
}

static int
compare(const void *left, const void *right)
{
	return strcmp(left, right);
}

static int
add_ref(struct git_refs *refs, const char *name, const char *commit, struct error **err)
{
	if (tfind(commit, &refs->by_commit, compare))
		return 0;
	if (refs->count >= GIT_REFS_LIMIT_COUNT)
		return error_set(err, ERROR_USAGE, "git has more than %d branches and tags",
				 GIT_REFS_LIMIT_COUNT);
	if (!tsearch(xstrdup(commit), &refs->by_commit, compare))
		abort();
	refs->items = xgrow(refs->items, refs->count, sizeof(*refs->items));
	refs->items[refs->count++] =
		(struct git_ref){ .name = xstrdup(name), .commit = xstrdup(commit) };
	return 0;
}

/* Takes the arguments of a git command, and adds the patterns. */
static void
fill(const char *const *words, const struct strings *patterns, struct strings *argv)
{
	for (; *words; words++)
		strings_add(argv, *words);
	for (size_t i = 0; i < patterns->count; i++)
		strings_add(argv, patterns->items[i]);
}

static int
ask(struct git *git, const struct strings *argv, const char *input, struct buf *output,
    struct error **err)
{
	const struct git_question question = {
		.argv = (const char *const *)argv->items,
		.input = input,
		.input_bytes = input ? strlen(input) : 0,
	};

	return git_read(git, &question, output, err);
}

/* "<type>:<id>:<type of what a tag names>:<name>" */
static int
add_line(struct git_refs *refs, char *line, struct error **err)
{
	const char *type = strsep(&line, ":");
	const char *id = strsep(&line, ":");
	const char *tagged = strsep(&line, ":");

	if (!line || !id || !tagged)
		return 0;
	/* A tag of a tree or a blob has no project. */
	if (strcmp(type, "commit") == 0 ||
	    (strcmp(type, "tag") == 0 && strcmp(tagged, "tree") != 0 &&
	     strcmp(tagged, "blob") != 0))
		return add_ref(refs, line, id, err);
	return 0;
}

static int
list_origin(const struct git *git, const struct strings *patterns, struct git_refs *refs,
	    struct error **err)
{
	static const char *const all[] = { "--heads", "--tags", "origin", NULL };
	static const char *const some[] = { "--", "origin", NULL };
	AUTO_STRINGS struct strings argv = { 0 };
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	char *rest;

	fill(patterns->count > 0 ? some : all, patterns, &argv);
	if (git_ls_remote(git, (const char *const *)argv.items, GIT_ORIGIN_TIMEOUT_MS, &output,
			  err) < 0) {
		error_wrap(err, "cannot list the branches and tags of origin");
		return error_set_hint(err, "use --keep-git local to skip origin");
	}
	rest = output.data;
	while (rest && *rest) {
		/* "<id>\t<name>"; "<name>^{}" is the object that a tag names. */
		char *line = strsep(&rest, "\n");
		const char *id = strsep(&line, "\t");

		if (line && !text_ends(line, "^{}") && add_ref(refs, line, id, err) < 0)
			return -1;
	}
	return 0;
}

/* A clone of one branch does not have the others, and their images would seem unused. */
static int
check_are_here(struct git *git, const struct git_refs *refs, struct error **err)
{
	AUTO_STRINGS struct strings argv = { 0 };
	AUTO_BUF struct buf ids = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	const char *rest;

	strings_add(&argv, "cat-file");
	strings_add(&argv, "--batch-check");
	for (size_t i = 0; i < refs->count; i++)
		if (buf_append_text(&ids, refs->items[i].commit, err) < 0 ||
		    buf_append_text(&ids, "\n", err) < 0)
			return -1;
	if (ask(git, &argv, ids.data ? ids.data : "", &output, err) < 0)
		return -1;
	rest = output.data ? output.data : "";
	for (size_t i = 0; i < refs->count; i++) {
		size_t size = strcspn(rest, "\n");
		AUTO_FREE char *line = xstrndup(rest, size);

		if (text_ends(line, " missing")) {
			error_set(err, ERROR_REFUSED, "'%s' of origin was not fetched",
				  QUOTED(refs->items[i].name));
			error_set_class(err, CLASS_NOT_FETCHED);
			return error_set_hint(
				err,
				"git fetch --depth 1 origin '+refs/heads/*:refs/remotes/origin/*' "
				"'+refs/tags/*:refs/tags/*'");
		}
		rest += size + (rest[size] ? 1 : 0);
	}
	return 0;
}

int
git_refs_list(struct git *git, const struct strings *patterns, bool ask_origin,
	      struct git_refs *ret_refs, struct error **err)
{
	AUTO_GIT_REFS struct git_refs refs = { 0 };
	AUTO_FREE char *origin = git_setting(git, "remote.origin.url");
	AUTO_FREE char *head = NULL;
	static const char *const words[] = {
		"for-each-ref", "--format=%(objecttype):%(objectname):%(*objecttype):%(refname)",
		"--", NULL
	};
	AUTO_STRINGS struct strings argv = { 0 };
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	char *rest;

	fill(words, patterns, &argv);
	for (const char *const *kind = kinds; patterns->count == 0 && *kind; kind++)
		strings_add(&argv, *kind);
	if (ask(git, &argv, NULL, &output, err) < 0)
		return -1;
	rest = output.data;
	while (rest && *rest)
		if (add_line(&refs, strsep(&rest, "\n"), err) < 0)
			return -1;
	if (git_find_commit(git, "HEAD", &head, err) < 0 ||
	    (head && add_ref(&refs, "HEAD", head, err) < 0) ||
	    (ask_origin && origin && list_origin(git, patterns, &refs, err) < 0) ||
	    check_are_here(git, &refs, err) < 0)
		return -1;
	*ret_refs = refs;
	refs = (struct git_refs){ 0 };
	return 0;
}

int
git_branches_list(struct git *git, bool ask_origin, struct strings *ret_names, struct error **err)
{
	static const char *const local[] = { "for-each-ref", "--format=%(refname)", "refs/heads",
					     "refs/remotes/origin", NULL };
	static const char *const origin[] = { "--heads", "origin", NULL };
	const struct git_question question = { .argv = local };
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	char *rest;

	if (ask_origin && git_ls_remote(git, origin, GIT_ORIGIN_TIMEOUT_MS, &output, err) < 0) {
		error_wrap(err, "cannot list the branches of origin");
		return error_set_hint(err, "use --keep-git local to skip origin");
	}
	if (!ask_origin && git_read(git, &question, &output, err) < 0)
		return -1;
	rest = output.data;
	while (rest && *rest) {
		static const char *const starts[] = { "refs/heads/", "refs/remotes/origin/" };
		const char *line = strsep(&rest, "\n");
		const char *name = strchr(line, '\t');

		name = name ? name + 1 : line;
		for (size_t i = 0; i < COUNT_OF(starts); i++)
			if (text_starts(name, starts[i]))
				strings_add(ret_names, name + strlen(starts[i]));
	}
	return 0;
}
