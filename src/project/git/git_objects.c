#include "project/git/git_objects.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

static int
compare(const void *left, const void *right)
{
	const struct git_object *a = left;
	const struct git_object *b = right;
	int order = strcmp(a->id, b->id);

	return order ? order : strcmp(a->form, b->form);
}

static bool
is_id(const char *id)
{
	size_t size = strspn(id, "0123456789abcdef");

	return id[size] == '\0' && (size == 40 || size == GIT_ID_LIMIT_CHARS);
}

static void
object_free(void *opaque)
{
	struct git_object *object = opaque;

	free(object->form);
	free(object);
}

struct git_object *
git_objects_get(struct git_objects *objects, const char *id, const char *form, uint64_t size_bytes,
		struct error **err)
{
	struct git_object *object;
	struct git_object **found;

	if (!is_id(id)) {
		error_set(err, ERROR_CONTENT, "git wrote an unexpected object name");
		return NULL;
	}
	object = XNEW(struct git_object);
	memcpy(object->id, id, strlen(id) + 1);
	object->form = xstrdup(form);
	object->content.size_bytes = size_bytes;
	found = tsearch(object, &objects->by_id, compare);
	if (!found)
		abort();
	if (*found != object)
		object_free(object);
	return *found;
}

void
git_objects_release(struct git_objects *objects)
{
	tdestroy(objects->by_id, object_free);
	objects->by_id = NULL;
}

struct git_object *
git_object_of(const struct listed_content *content)
{
	return (struct git_object *)(uintptr_t)content;
}

static const char *
id_of(const struct listed_file *file)
{
	return git_object_of(file->content)->id;
}

static int
fail_batch(struct error **err)
{
	return error_set(err, ERROR_CONTENT, "git cat-file wrote an unexpected answer");
}

/* "<id> blob <size>\n<bytes>\n" */
static int
take_object(const struct buf *output, size_t *at, const struct listed_file *file,
	    const char **ret_bytes, struct error **err)
{
	AUTO_FREE char *expected = xasprintf("%s blob %llu\n", id_of(file),
					     (unsigned long long)file->content->size_bytes);
	size_t head = strlen(expected);
	size_t size = (size_t)file->content->size_bytes;

	if (output->size - *at < head + size + 1 ||
	    memcmp(output->data + *at, expected, head) != 0 ||
	    output->data[*at + head + size] != '\n')
		return fail_batch(err);
	*ret_bytes = output->data + *at + head;
	*at += head + size + 1;
	return 0;
}

static int
ask(const struct git_reading *reading, size_t first, size_t end, struct buf *output,
    struct error **err)
{
	static const char *const argv[] = { "cat-file", "--batch", NULL };
	AUTO_BUF struct buf input = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	struct git_question question = { .argv = argv };

	for (size_t i = first; i < end; i++)
		if (buf_append_text(&input, id_of(reading->files[i]), err) < 0 ||
		    buf_append_text(&input, "\n", err) < 0)
			return -1;
	question.input = input.data;
	question.input_bytes = input.size;
	return git_read(reading->git, &question, output, err);
}

static int
read_batch(const struct git_reading *reading, size_t first, size_t end, struct error **err)
{
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	const char *bytes = NULL;
	size_t at = 0;

	if (ask(reading, first, end, &output, err) < 0)
		return -1;
	for (size_t i = first; i < end; i++)
		if (take_object(&output, &at, reading->files[i], &bytes, err) < 0 ||
		    reading->visit(reading->context, i, bytes,
				   (size_t)reading->files[i]->content->size_bytes, err) < 0)
			return -1;
	return at == output.size ? 0 : fail_batch(err);
}

int
git_objects_read(const struct git_reading *reading, size_t first, size_t end, struct error **err)
{
	while (first < end) {
		size_t next = first;
		uint64_t bytes = 0;

		do
			bytes += reading->files[next++]->content->size_bytes;
		while (next < end && bytes < GIT_BATCH_BYTES);
		if (read_batch(reading, first, next, err) < 0)
			return -1;
		first = next;
	}
	return 0;
}
