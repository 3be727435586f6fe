#include "project/git/git_checkout.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"

/* Ours: attributes are asked for in this order, and answered so. */
static const char *const asked[] = { "text",  "crlf", "eol", "ident", "working-tree-encoding",
				     "filter" };

#define ASKED_COUNT (sizeof(asked) / sizeof(*asked))

struct git_checkout {
	struct git *git;
	char *index;
	struct buf index_lines; /* what the index was made of */
};

void
git_checkout_free(struct git_checkout *checkout)
{
	if (!checkout)
		return;
	buf_release(&checkout->index_lines);
	free(checkout->index);
	free(checkout);
}

struct git_checkout *
git_checkout_new(struct git *git, struct error **err)
{
	const char *room = git_room(git, err);
	struct git_checkout *checkout;

	if (!room)
		return NULL;
	checkout = XNEW(struct git_checkout);
	checkout->git = git;
	checkout->index = xasprintf("%s/index", room);
	checkout->index_lines = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	return checkout;
}

static int
run(const struct git_checkout *checkout, const char *const *argv, const struct buf *input,
    struct buf *output, struct error **err)
{
	const struct git_question question = {
		.argv = argv,
		.input = input->data ? input->data : "",
		.input_bytes = input->size,
		.index = checkout->index,
	};

	return git_read(checkout->git, &question, output, err);
}

/* Most commits have the same as the one before. */
static int
make_index(struct git_checkout *checkout, const struct buf *lines, struct error **err)
{
	static const char *const argv[] = { "update-index", "-z", "--index-info", NULL };
	struct buf *made_of = &checkout->index_lines;
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);

	if (made_of->size == lines->size && memcmp(made_of->data, lines->data, lines->size) == 0)
		return 0;
	buf_clear(made_of);
	(void)unlink(checkout->index);
	if (run(checkout, argv, lines, &output, err) < 0)
		return -1;
	return buf_append(made_of, lines->data, lines->size, err);
}

void
git_changes_release(struct git_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->items[i].attributes);
		free(changes->items[i].filter);
	}
	free(changes->items);
	*changes = (struct git_changes){ 0 };
}

struct answer {
	const char *rest;
	size_t left_bytes;
};

/* NULL: the answer ends here. */
static const char *
take_word(struct answer *answer)
{
	const char *word = answer->rest;
	const char *end = word ? memchr(word, '\0', answer->left_bytes) : NULL;

	if (!end)
		return NULL;
	answer->rest = end + 1;
	answer->left_bytes -= (size_t)(end + 1 - word);
	return word;
}

static bool
is_set(const char *value)
{
	return strcmp(value, "unspecified") != 0 && strcmp(value, "unset") != 0;
}

/* As a line of .gitattributes has it. */
static char *
attribute_text(const char *name, const char *value)
{
	if (strcmp(value, "set") == 0)
		return xasprintf(" %s", name);
	if (strcmp(value, "unset") == 0)
		return xasprintf(" -%s", name);
	return strcmp(value, "unspecified") == 0 ? xstrdup("") : xasprintf(" %s=%s", name, value);
}

/* Without a line end of its own git writes those that the blob has. */
static bool
changes_bytes(const char *const *values)
{
	return strcmp(values[2], "crlf") == 0 || is_set(values[3]) || is_set(values[4]);
}

static void
note_change(const char *const *values, struct git_change *change)
{
	if (is_set(values[5]) && strcmp(values[5], "set") != 0)
		change->filter = xstrdup(values[5]);
	if (!changes_bytes(values))
		return;
	change->attributes = xstrdup("");
	for (size_t i = 0; i + 1 < ASKED_COUNT; i++) {
		AUTO_FREE char *before = TAKE_PTR(change->attributes);
		AUTO_FREE char *text = attribute_text(asked[i], values[i]);

		change->attributes = xasprintf("%s%s", before, text);
	}
}

/* "<path>\0<attribute>\0<value>\0", all of a path together. */
static int
take_change(struct answer *answer, const char *path, struct git_change *change, struct error **err)
{
	const char *values[ASKED_COUNT];

	for (size_t i = 0; i < ASKED_COUNT; i++) {
		const char *word = take_word(answer);
		const char *name = take_word(answer);

		values[i] = take_word(answer);
		if (!word || !name || !values[i] || strcmp(word, path) != 0 ||
		    strcmp(name, asked[i]) != 0)
			return error_set(err, ERROR_CONTENT,
					 "git check-attr wrote an unexpected answer");
	}
	note_change(values, change);
	return 0;
}

static int
take_answer(const struct buf *output, const char *const *paths, struct git_changes *changes,
	    struct error **err)
{
	struct answer answer = { output->data, output->size };

	for (size_t i = 0; i < changes->count; i++)
		if (take_change(&answer, paths[i], &changes->items[i], err) < 0)
			return -1;
	return 0;
}

int
git_checkout_ask(struct git_checkout *checkout, const struct buf *index_lines,
		 const char *const *paths, size_t count, struct git_changes *ret_changes,
		 struct error **err)
{
	const char *argv[] = { "-c",         "core.attributesFile=/dev/null",
			       "check-attr", "--cached",
			       "-z",         "--stdin",
			       asked[0],     asked[1],
			       asked[2],     asked[3],
			       asked[4],     asked[5],
			       NULL };
	AUTO_BUF struct buf input = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	AUTO_GIT_CHANGES struct git_changes changes = { xcalloc(count, sizeof(*changes.items)),
							count };

	for (size_t i = 0; i < count; i++)
		if (buf_append(&input, paths[i], strlen(paths[i]) + 1, err) < 0)
			return -1;
	if (make_index(checkout, index_lines, err) < 0 ||
	    run(checkout, argv, &input, &output, err) < 0 ||
	    take_answer(&output, paths, &changes, err) < 0)
		return -1;
	*ret_changes = changes;
	changes = (struct git_changes){ 0 };
	return 0;
}

int
git_checkout_read(const struct git_checkout *checkout, const char *id, const char *attributes,
		  struct buf *bytes, struct error **err)
{
	/* The one file of the room, which is not there, has these attributes alone. */
	const char *argv[] = { "-c",       "core.attributesFile=/dev/stdin",
			       "-c",       "core.autocrlf=false",
			       "-c",       "core.eol=lf",
			       "cat-file", "--filters",
			       "--path=f", id,
			       NULL };
	AUTO_FREE char *line = xasprintf("f%s\n", attributes);
	const struct buf input = { .data = line, .size = strlen(line) };

	return run(checkout, argv, &input, bytes, err);
}
