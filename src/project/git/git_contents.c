#include "project/git/git_contents.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "project/git/git_checkout.h"

static const char as_git_has_it[] = "";
static const char as_lfs_has_it[] = "lfs";

void
git_contents_forget(struct git_contents *contents)
{
	buf_release(&contents->attribute_files);
	contents->attribute_files = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	contents->has_pointers = false;
	contents->is_with_lfs = false;
}

void
git_contents_release(struct git_contents *contents)
{
	git_contents_forget(contents);
	git_objects_release(&contents->objects);
	git_checkout_free(contents->checkout);
	*contents = (struct git_contents){ 0 };
}

static int
refuse(const struct listed_file *file, const char *why, struct error **err)
{
	return error_set(err, ERROR_USAGE, "input '%s' %s", QUOTED(file->path), why);
}

/* Files whose contents a checkout may change, and what their attributes say. */
struct affected {
	struct listed_file **files;
	struct strings paths; /* from the root of the repository */
	struct git_changes changes;
};

static void
affected_release(struct affected *affected)
{
	free(affected->files);
	strings_release(&affected->paths);
	git_changes_release(&affected->changes);
}

static int
find_affected(struct git_contents *contents, struct listed_file *const *files, size_t count,
	      struct affected *affected, struct error **err)
{
	affected->files = xcalloc(count + 1, sizeof(struct listed_file *));
	for (size_t i = 0; i < count; i++) {
		if (files[i]->mode == INPUT_LINK)
			continue;
		affected->files[affected->paths.count] = files[i];
		strings_take(&affected->paths,
			     xasprintf("%s%s", git_prefix(contents->git), files[i]->path));
	}
	if (!contents->checkout)
		contents->checkout = git_checkout_new(contents->git, err);
	return contents->checkout ? git_checkout_ask(contents->checkout, &contents->attribute_files,
						     (const char *const *)affected->paths.items,
						     affected->paths.count, &affected->changes, err)
				  : -1;
}

static struct git_object *
get_form(struct git_contents *contents, const struct listed_file *file, const char *form,
	 struct error **err)
{
	return git_objects_get(&contents->objects, git_object_of(file->content)->id, form,
			       file->content->size_bytes, err);
}

static bool
is_of_lfs(const struct git_change *change)
{
	return change->filter && strcmp(change->filter, "lfs") == 0;
}

struct judging {
	struct git_contents *contents;
	const struct listed_file **files;
	size_t count;
};

static void
judging_release(struct judging *judging)
{
	free(judging->files);
}

static int
judge(void *context, size_t index, const void *bytes, size_t size, struct error **err)
{
	const struct judging *judging = context;
	struct git_object *object = git_object_of(judging->files[index]->content);
	struct git_object *pointed;
	struct lfs_pointer pointer;

	object->is_judged = true;
	object->lfs_kind = lfs_pointer_parse(bytes, size, &pointer);
	if (object->lfs_kind != LFS_POINTER)
		return 0;
	pointed = get_form(judging->contents, judging->files[index], as_lfs_has_it, err);
	if (!pointed)
		return -1;
	pointed->content.size_bytes = pointer.size_bytes;
	memcpy(pointed->content.sha256, pointer.digest.bytes, INPUT_DIGEST_BYTES);
	pointed->content.is_hashed = true;
	object->pointed = pointed;
	return 0;
}

static bool
has_to_be_judged(const struct listed_file *file, const struct git_change *change)
{
	return is_of_lfs(change) && !git_object_of(file->content)->is_judged &&
	       file->content->size_bytes < LFS_POINTER_LIMIT_BYTES;
}

/* The pointers are read together. */
static int
judge_pointers(struct git_contents *contents, const struct affected *affected, struct error **err)
{
	CLEANUP(judging_release)
	struct judging judging = { contents, xcalloc(affected->changes.count + 1, sizeof(void *)),
				   0 };
	struct git_reading reading = { contents->git, judging.files, judge, &judging };

	for (size_t i = 0; i < affected->changes.count; i++)
		if (has_to_be_judged(affected->files[i], &affected->changes.items[i]))
			judging.files[judging.count++] = affected->files[i];
	return judging.count > 0 ? git_objects_read(&reading, 0, judging.count, err) : 0;
}

static int
check_filter(const struct listed_file *file, const struct git_change *change, struct error **err)
{
	AUTO_FREE char *filter = NULL;
	AUTO_FREE char *why = NULL;

	if (!change->filter)
		return 0;
	if (is_of_lfs(change))
		return git_object_of(file->content)->lfs_kind == LFS_UNKNOWN
			       ? refuse(file, "is an LFS pointer in an unknown form", err)
			       : 0;
	filter = text_quote_string(change->filter);
	why = xasprintf("goes through the filter '%s' on its way to the disk", filter);
	return refuse(file, why, err);
}

static int
settle(struct git_contents *contents, struct listed_file *file, const struct git_change *change,
       struct error **err)
{
	struct git_object *object = git_object_of(file->content);

	if (check_filter(file, change, err) < 0)
		return -1;
	if (is_of_lfs(change) && object->lfs_kind == LFS_POINTER) {
		contents->has_pointers = true;
		if (contents->is_with_lfs)
			file->content = &object->pointed->content;
	}
	if (file->content != &object->content || !change->attributes)
		return 0;
	object = get_form(contents, file, change->attributes, err);
	if (!object)
		return -1;
	file->content = &object->content;
	return 0;
}

/* It may have been settled before, and as it was without LFS. */
static int
start_afresh(struct git_contents *contents, struct listed_file *file, struct error **err)
{
	struct git_object *object = get_form(contents, file, as_git_has_it, err);

	if (!object)
		return -1;
	file->content = &object->content;
	return 0;
}

int
git_contents_settle(struct git_contents *contents, struct listed_file *const *files, size_t count,
		    struct error **err)
{
	CLEANUP(affected_release) struct affected affected = { 0 };

	if (contents->attribute_files.size == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (start_afresh(contents, files[i], err) < 0)
			return -1;
	if (find_affected(contents, files, count, &affected, err) < 0 ||
	    judge_pointers(contents, &affected, err) < 0)
		return -1;
	for (size_t i = 0; i < affected.changes.count; i++)
		if (settle(contents, affected.files[i], &affected.changes.items[i], err) < 0)
			return -1;
	return 0;
}

static bool
is_plain(const struct listed_file *file)
{
	return *git_object_of(file->content)->form == '\0';
}

static int
read_changed(const struct git_contents *contents, const struct git_reading *reading, size_t index,
	     struct error **err)
{
	const struct listed_file *file = reading->files[index];
	const struct git_object *object = git_object_of(file->content);
	AUTO_BUF struct buf bytes = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);

	if (strcmp(object->form, as_lfs_has_it) == 0)
		return refuse(file, "is kept by LFS, and the scheme 'concat' has to read it", err);
	if (git_checkout_read(contents->checkout, object->id, object->form, &bytes, err) < 0)
		return -1;
	return reading->visit(reading->context, index, bytes.data ? bytes.data : "", bytes.size,
			      err);
}

int
git_contents_read(const struct git_contents *contents, const struct git_reading *reading,
		  size_t count, struct error **err)
{
	size_t first = 0;

	while (first < count) {
		size_t end = first;

		while (end < count && is_plain(reading->files[end]))
			end++;
		if (git_objects_read(reading, first, end, err) < 0)
			return -1;
		if (end < count && read_changed(contents, reading, end++, err) < 0)
			return -1;
		first = end;
	}
	return 0;
}
