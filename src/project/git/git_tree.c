#include "project/git/git_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "project/git/git_contents.h"
#include "project/lock_file.h"
#include "project/project.h"

struct git_trees {
	struct git_contents contents;

	/* Of the last commit: */
	struct buf names; /* what ls-tree wrote; the paths stand in it */
	struct listing listing;
	struct project *project;
	struct lock_file *lock;
};

static struct git_trees *
trees_of(const struct listing *listing)
{
	return (struct git_trees *)((uintptr_t)listing - offsetof(struct git_trees, listing));
}

static int
settle_files(const struct listing *listing, struct listed_file *const *files, size_t count,
	     struct error **err)
{
	return git_contents_settle(&trees_of(listing)->contents, files, count, err);
}

static int
read_files(const struct listing *listing, const struct listed_file *const *files, size_t count,
	   listing_visit *visit, void *context, struct error **err)
{
	const struct git_contents *contents = &trees_of(listing)->contents;
	struct git_reading reading = { contents->git, files, visit, context };

	return git_contents_read(contents, &reading, count, err);
}

static void
forget(struct git_trees *trees)
{
	project_free(TAKE_PTR(trees->project));
	lock_file_free(TAKE_PTR(trees->lock));
	free(trees->listing.files);
	trees->listing = (struct listing){ .settle = settle_files, .read = read_files };
	git_contents_forget(&trees->contents);
	buf_release(&trees->names);
	trees->names = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
}

void
git_trees_free(struct git_trees *trees)
{
	if (!trees)
		return;
	forget(trees);
	git_contents_release(&trees->contents);
	free(trees);
}

/* Checkouts here would have other line ends than those of others, and which are meant cannot be
 * told. */
static int
check_configuration(const struct git *git, struct error **err)
{
	AUTO_FREE char *own = git_setting(git, "core.autocrlf");
	AUTO_FREE char *users = own ? NULL : git_user_setting("core.autocrlf");
	const char *value = own ? own : users;

	if (!value || strcmp(value, "true") != 0)
		return 0;
	return error_set(err, ERROR_USAGE,
			 "git's core.autocrlf changes the line ends of what is checked out");
}

struct git_trees *
git_trees_new(struct git *git, struct error **err)
{
	AUTO_GIT_TREES struct git_trees *trees = XNEW(struct git_trees);

	trees->contents.git = git;
	if (check_configuration(git, err) < 0)
		return NULL;
	forget(trees);
	return TAKE_PTR(trees);
}

struct entry {
	unsigned mode;
	char id[GIT_ID_LIMIT_CHARS + 1];
	uint64_t size_bytes;
	const char *path; /* from the root of the repository */
};

static int
fail_listing(struct error **err)
{
	return error_set(err, ERROR_CONTENT, "git ls-tree wrote an unexpected line");
}

/* "<mode> <type> <id> <size or -, to the right>\t<path>" */
static int
parse_entry(const char *line, struct entry *entry, struct error **err)
{
	const char *tab = strchr(line, '\t');
	AUTO_FREE char *head = tab ? xstrndup(line, (size_t)(tab - line)) : xstrdup("");
	char *rest = head;
	const char *mode = strsep(&rest, " ");
	const char *type = strsep(&rest, " ");
	const char *id = strsep(&rest, " ");
	const char *size = rest ? rest + strspn(rest, " ") : NULL;

	if (!tab || !type || !id || !size || strlen(id) > GIT_ID_LIMIT_CHARS)
		return fail_listing(err);
	*entry = (struct entry){ .mode = (unsigned)strtoul(mode, NULL, 8), .path = tab + 1 };
	memcpy(entry->id, id, strlen(id) + 1);
	if (strcmp(type, "blob") == 0 && !text_parse_uint(size, INT64_MAX, &entry->size_bytes))
		return fail_listing(err);
	return 0;
}

static int
note(void *context, size_t index, const void *bytes, size_t size, struct error **err)
{
	(void)index;
	return buf_append(context, bytes, size, err);
}

static int
read_one(const struct git_trees *trees, const struct listed_file *file, struct buf *bytes,
	 struct error **err)
{
	struct git_reading reading = { trees->contents.git, &file, note, bytes };

	return git_objects_read(&reading, 0, 1, err);
}

static bool
is_attributes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, ".gitattributes") == 0;
}

/* For `git update-index --index-info`. */
static int
note_attributes(struct buf *lines, const struct entry *entry, struct error **err)
{
	AUTO_FREE char *line = xasprintf("%o blob %s\t%s", entry->mode, entry->id, entry->path);

	return buf_append(lines, line, strlen(line) + 1, err);
}

static int
add_entry(struct git_trees *trees, const char *line, struct error **err)
{
	struct git_contents *contents = &trees->contents;
	struct listing *listing = &trees->listing;
	const char *prefix = git_prefix(contents->git);
	size_t prefix_size = strlen(prefix);
	struct entry entry;
	struct git_object *object;

	if (parse_entry(line, &entry, err) < 0)
		return -1;
	object = git_objects_get(&contents->objects, entry.id, "", entry.size_bytes, err);
	if (!object || (is_attributes(entry.path) &&
			note_attributes(&contents->attribute_files, &entry, err) < 0))
		return -1;
	if (strncmp(entry.path, prefix, prefix_size) != 0)
		return 0;
	listing->files[listing->count++] = (struct listed_file){
		.path = entry.path + prefix_size,
		.mode = entry.mode,
		.content = &object->content,
	};
	return 0;
}

static size_t
count_lines(const struct buf *names)
{
	size_t count = 0;

	for (size_t at = 0; at < names->size; at += strlen(names->data + at) + 1)
		count++;
	return count;
}

static int
list_files(struct git_trees *trees, const char *commit, struct error **err)
{
	const char *const argv[] = { "ls-tree", "-r", "-l", "-z", "--full-tree", commit, NULL };
	const struct git_question question = { .argv = argv };
	const struct buf *names = &trees->names;

	if (git_read(trees->contents.git, &question, &trees->names, err) < 0)
		return -1;
	trees->listing.files = xcalloc(count_lines(names) + 1, sizeof(struct listed_file));
	for (size_t at = 0; at < names->size; at += strlen(names->data + at) + 1)
		if (add_entry(trees, names->data + at, err) < 0)
			return -1;
	return 0;
}

/* *ret_found false: the commit has no such file. */
static int
read_named(const struct git_trees *trees, const char *name, struct buf *bytes, bool *ret_found,
	   struct error **err)
{
	AUTO_LISTED struct listed listed = { 0 };

	if (listing_find(&trees->listing, name, true, &listed, err) < 0)
		return -1;
	*ret_found = listed.kind == LISTED_FILE;
	return *ret_found ? read_one(trees, listed.file, bytes, err) : 0;
}

static int
read_lock(struct git_trees *trees, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(LOCK_FILE_LIMIT_BYTES);
	bool found;

	if (read_named(trees, LOCK_FILE_NAME, &bytes, &found, err) < 0)
		return -1;
	trees->lock = found ? lock_file_parse(bytes.data ? bytes.data : "", bytes.size, err)
			    : lock_file_new();
	return trees->lock ? 0 : -1;
}

static int
read_project(struct git_trees *trees, const char *path, struct error **err)
{
	const char *slash = strrchr(path, '/');
	AUTO_BUF struct buf bytes = BUF_INIT(PROJECT_FILE_LIMIT_BYTES);
	bool found;

	if (read_named(trees, slash ? slash + 1 : path, &bytes, &found, err) < 0)
		return -1;
	if (!found)
		return 0;
	trees->project = project_parse(path, bytes.data ? bytes.data : "", bytes.size, err);
	if (!trees->project || read_lock(trees, err) < 0)
		return -1;
	trees->project->lock = trees->lock;
	trees->project->listing = &trees->listing;
	return 0;
}

const struct project *
git_trees_read(struct git_trees *trees, const char *path, const char *commit, struct error **err)
{
	forget(trees);
	if (list_files(trees, commit, err) < 0 || read_project(trees, path, err) < 0) {
		project_free(TAKE_PTR(trees->project));
		return NULL;
	}
	return trees->project;
}

bool
git_trees_go_on_with_lfs(struct git_trees *trees)
{
	struct git_contents *contents = &trees->contents;

	if (contents->is_with_lfs || !contents->has_pointers)
		return false;
	contents->is_with_lfs = true;
	return true;
}
