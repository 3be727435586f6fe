#include "project/git_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "project/git_objects.h"
#include "project/git_run.h"
#include "project/lock_file.h"
#include "project/project.h"

struct git_trees {
	char *directory;
	char *prefix; /* of the directory in the repository: "" or "sub/" */
	struct git_objects objects;

	/* Of the last commit: */
	struct buf names; /* what ls-tree wrote; the paths stand in it */
	struct listing listing;
	struct project *project;
	struct lock_file *lock;
};

static int
read_files(const struct listing *listing, const struct listed_file *const *files, size_t count,
	   listing_visit *visit, void *context, struct error **err)
{
	const struct git_trees *trees =
		(const void *)((const char *)listing - offsetof(struct git_trees, listing));

	return git_objects_read(trees->directory, files, count, visit, context, err);
}

static void
forget(struct git_trees *trees)
{
	project_free(TAKE_PTR(trees->project));
	lock_file_free(TAKE_PTR(trees->lock));
	free(trees->listing.files);
	trees->listing = (struct listing){ .read = read_files };
	buf_release(&trees->names);
	trees->names = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
}

void
git_trees_free(struct git_trees *trees)
{
	if (!trees)
		return;
	forget(trees);
	git_objects_release(&trees->objects);
	free(trees->directory);
	free(trees->prefix);
	free(trees);
}

/* What would write other bytes to the disk than git has, wherever it is configured. */
static int
check_configuration(const struct git_trees *trees, struct error **err)
{
	static const char *const argv[] = { "config", "--default",     "false",
					    "--get",  "core.autocrlf", NULL };
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	struct git_question question = { .directory = trees->directory, .argv = argv };

	if (git_run(&question, &output, err) < 0)
		return -1;
	if (!output.data || strncmp(output.data, "true", 4) != 0)
		return 0;
	return error_set(err, ERROR_USAGE,
			 "git's core.autocrlf changes the line ends of what is checked out");
}

static int
find_prefix(struct git_trees *trees, struct error **err)
{
	static const char *const argv[] = { "rev-parse", "--show-prefix", NULL };
	AUTO_BUF struct buf output = BUF_INIT(PATH_LIMIT_BYTES);
	struct git_question question = { .directory = trees->directory, .argv = argv };

	if (git_run(&question, &output, err) < 0)
		return -1;
	trees->prefix =
		xstrndup(output.data ? output.data : "", output.size > 0 ? output.size - 1 : 0);
	return 0;
}

struct git_trees *
git_trees_new(const char *directory, struct error **err)
{
	AUTO_GIT_TREES struct git_trees *trees = XNEW(struct git_trees);

	trees->directory = xstrdup(directory);
	trees->listing.read = read_files;
	trees->names = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	if (find_prefix(trees, err) < 0 || check_configuration(trees, err) < 0)
		return NULL;
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
	return error_set(err, ERROR_CONTENT, "git ls-tree wrote a line that is not known");
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
	return git_objects_read(trees->directory, &file, 1, note, bytes, err);
}

/* Words that make a checkout write other bytes than git has; in a comment they do no harm but one.
 */
static bool
says_changes(const char *attributes)
{
	static const char *const words[] = { "filter=", "eol=crlf", "ident",
					     "working-tree-encoding=" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(attributes, words[i]))
			return true;
	return false;
}

static int
judge_attributes(const struct git_trees *trees, struct git_object *object, const char *path,
		 struct error **err)
{
	struct listed_file file = { .path = path, .content = &object->content };
	AUTO_BUF struct buf bytes = BUF_INIT(PROJECT_FILE_LIMIT_BYTES);
	AUTO_FREE char *quoted = text_quote_string(path);

	if (!object->is_judged) {
		if (read_one(trees, &file, &bytes, err) < 0)
			return -1;
		object->changes_files = says_changes(bytes.data ? bytes.data : "");
		object->is_judged = true;
	}
	if (!object->changes_files)
		return 0;
	return error_set(err, ERROR_USAGE,
			 "'%s' has files changed on the way to the disk (filter, eol, ident)",
			 quoted);
}

static bool
is_attributes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, ".gitattributes") == 0;
}

static int
add_entry(struct git_trees *trees, const char *line, struct error **err)
{
	struct listing *listing = &trees->listing;
	size_t prefix_size = strlen(trees->prefix);
	struct entry entry;
	struct git_object *object;

	if (parse_entry(line, &entry, err) < 0)
		return -1;
	object = git_objects_get(&trees->objects, entry.id, entry.size_bytes, err);
	if (!object ||
	    (is_attributes(entry.path) && judge_attributes(trees, object, entry.path, err) < 0))
		return -1;
	if (strncmp(entry.path, trees->prefix, prefix_size) != 0)
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
	struct git_question question = { .directory = trees->directory, .argv = argv };
	const struct buf *names = &trees->names;

	if (git_run(&question, &trees->names, err) < 0)
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
