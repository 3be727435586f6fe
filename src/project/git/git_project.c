/* SPDX-License-Identifier: Apache-2.0 */
#include "project/git/git_project.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/leftovers.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/git.h"
#include "fingerprint/input_files.h"
#include "fingerprint/paths.h"
#include "project/git/git_lfs.h"
#include "project/git/git_tree.h"
#include "project/lock_file.h"
#include "project/project.h"

static const char attributes_name[] = ".gitattributes";

struct git_project {
	struct git *git;
	char *path;      /* of the project file here */
	char *file;      /* the same, from the root of the repository */
	char *lock_path; /* of .ocifp.lock, from there */
	struct input_filter filter;

	/* The last project file and lock file that were read, by object id. */
	char project_id[GIT_ID_LIMIT_CHARS + 1];
	char lock_id[GIT_ID_LIMIT_CHARS + 1];
	struct project *project;
	struct lock_file *lock;
	struct strings inputs; /* of all its images, from the root of the repository */

	/* Of the last commit. */
	char *commit;
	struct git_tree tree;
	struct strings wanted; /* the project's file, its lock, inputs, and attributes above them */
	struct strings filtered; /* files with the attribute `filter`, */
	struct strings filters;  /* and its value, in the same order */
	bool has_pointers;
	bool is_with_lfs;
};

static void
forget_commit(struct git_project *project)
{
	free(TAKE_PTR(project->commit));
	git_tree_release(&project->tree);
	project->tree = (struct git_tree){ .git = project->git };
	strings_release(&project->wanted);
	strings_release(&project->filtered);
	strings_release(&project->filters);
	project->has_pointers = false;
	project->is_with_lfs = false;
}

static void
forget_project(struct git_project *project)
{
	project_free(TAKE_PTR(project->project));
	strings_release(&project->inputs);
	*project->project_id = '\0';
}

static void
forget_lock(struct git_project *project)
{
	lock_file_free(TAKE_PTR(project->lock));
	*project->lock_id = '\0';
}

void
git_project_free(struct git_project *project)
{
	if (!project)
		return;
	forget_commit(project);
	forget_project(project);
	forget_lock(project);
	free(project->path);
	free(project->file);
	free(project->lock_path);
	free(project);
}

/* Checkouts here would have other line ends than other checkouts, and the intended ones are not
 * known. */
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

static input_filter_apply apply_filter;

struct git_project *
git_project_new(struct git *git, const char *path, struct error **err)
{
	AUTO_GIT_PROJECT struct git_project *project = XNEW(struct git_project);

	project->git = git;
	project->path = xstrdup(path);
	project->file = xasprintf("%s%s", git_prefix(git), path_name(path));
	project->lock_path = xasprintf("%s%s", git_prefix(git), LOCK_FILE_NAME);
	project->filter = (struct input_filter){ apply_filter, project };
	forget_commit(project);
	return check_configuration(git, err) < 0 ? NULL : TAKE_PTR(project);
}

static void
add_once(struct strings *strings, char *text)
{
	if (strings_has(strings, text))
		free(text);
	else
		strings_take(strings, text);
}

/* The attributes that git reads above a path; those below a directory are part of it. */
static void
add_attributes_above(struct strings *paths, const char *path)
{
	AUTO_FREE char *above = xstrdup(path);
	char *slash;

	while ((slash = strrchr(above, '/'))) {
		slash[1] = '\0';
		add_once(paths, xasprintf("%s%s", above, attributes_name));
		*slash = '\0';
	}
	if (*path)
		add_once(paths, xstrdup(attributes_name));
}

/* Every input at its resolved path, and the attributes there. */
static int
find_inputs(struct git_project *project, struct error **err)
{
	struct strings *wanted = &project->wanted;

	strings_release(wanted);
	strings_add(wanted, project->file);
	add_once(wanted, xstrdup(project->lock_path));
	for (size_t i = 0; i < project->inputs.count; i++) {
		add_once(wanted, xstrdup(project->inputs.items[i]));
		add_attributes_above(wanted, project->inputs.items[i]);
	}
	if (git_tree_find(&project->tree, wanted, err) < 0)
		return -1;
	for (size_t i = 0; i < project->inputs.count; i++) {
		AUTO_GIT_END struct git_end end = { 0 };

		if (git_tree_end(&project->tree, project->inputs.items[i], NULL, &end, err) < 0)
			return -1;
		add_attributes_above(wanted, end.path);
	}
	return git_tree_find(&project->tree, wanted, err);
}

static void
note_inputs(struct git_project *project)
{
	const char *prefix = git_prefix(project->git);

	for (size_t i = 0; i < project->project->image_count; i++) {
		const struct strings *paths = &project->project->images[i].inputs;

		for (size_t j = 0; j < paths->count; j++) {
			AUTO_ERROR struct error *refused = NULL; /* was told when it was read */
			AUTO_FREE char *normal = path_normalise(paths->items[j], &refused);
			AUTO_FREE char *path = normal ? xasprintf("%s%s", prefix, normal) : NULL;

			if (!path)
				continue;
			if (text_ends(path, "/"))
				path[strlen(path) - 1] = '\0';
			add_once(&project->inputs, TAKE_PTR(path));
		}
	}
}

static int
read_project(struct git_project *project, const struct git_entry *entry, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(PROJECT_FILE_LIMIT_BYTES);

	if (strcmp(project->project_id, entry->id) == 0)
		return 0;
	forget_project(project);
	if (git_blob_read(project->git, entry->id, &bytes, err) < 0)
		return -1;
	project->project =
		project_parse(project->path, bytes.data ? bytes.data : "", bytes.size, err);
	if (!project->project)
		return -1;
	memcpy(project->project_id, entry->id, sizeof(entry->id));
	note_inputs(project);
	return 0;
}

static int
read_lock(struct git_project *project, struct error **err)
{
	AUTO_GIT_END struct git_end end = { 0 };
	AUTO_BUF struct buf bytes = BUF_INIT(LOCK_FILE_LIMIT_BYTES);

	if (git_tree_end(&project->tree, project->lock_path, NULL, &end, err) < 0)
		return -1;
	if (end.entry && strcmp(project->lock_id, end.entry->id) == 0)
		return 0;
	forget_lock(project);
	if (!end.entry) {
		project->lock = lock_file_new();
		return 0;
	}
	if (git_blob_read(project->git, end.entry->id, &bytes, err) < 0)
		return -1;
	project->lock = lock_file_parse(bytes.data ? bytes.data : "", bytes.size, err);
	if (!project->lock)
		return -1;
	memcpy(project->lock_id, end.entry->id, sizeof(end.entry->id));
	return 0;
}

static int
make_key(struct git_project *project, struct digest *ret_key, struct error **err)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);

	for (size_t i = 0; i < project->wanted.count; i++) {
		AUTO_GIT_END struct git_end end = { 0 };

		if (git_tree_end(&project->tree, project->wanted.items[i], hasher, &end, err) < 0)
			return -1;
	}
	/* The root has no entry, and differs in each commit. */
	if (strings_has(&project->inputs, ""))
		hasher_add(hasher, project->commit, strlen(project->commit));
	*ret_key = hasher_finish(hasher);
	return 0;
}

int
git_project_find(struct git_project *project, const char *commit, struct digest *ret_key,
		 struct error **err)
{
	AUTO_GIT_END struct git_end end = { 0 };

	forget_commit(project);
	project->commit = xstrdup(commit);
	project->tree.commit = project->commit;
	/* Most commits have the project file of the commit before, and so its inputs. */
	if (find_inputs(project, err) < 0 ||
	    git_tree_end(&project->tree, project->file, NULL, &end, err) < 0)
		return -1;
	if (!end.entry || end.entry->mode == GIT_DIRECTORY || end.submodule) {
		*ret_key = (struct digest){ .algorithm = DIGEST_NONE };
		return 0;
	}
	if (read_project(project, end.entry, err) < 0 || find_inputs(project, err) < 0 ||
	    read_lock(project, err) < 0)
		return -1;
	return make_key(project, ret_key, err);
}

static int
refuse(const char *path, const char *why, struct error **err)
{
	return error_set(err, ERROR_USAGE, "input '%s' %s", QUOTED(path), why);
}

/* The resolved path of a file of the checkout, from the root of the repository; *ret_place NULL:
 * outside, which the scheme `concat` allows. */
static int
find_place(struct git_project *project, const char *path, char **ret_place, struct error **err)
{
	const char *folder = git_checkout_folder(project->git, err);
	AUTO_FREE char *root = folder ? realpath(folder, NULL) : NULL;
	AUTO_FREE char *named =
		root ? xasprintf("%s/%s%s", root, git_prefix(project->git), path) : NULL;
	AUTO_FREE char *real = named ? realpath(named, NULL) : NULL;

	*ret_place = NULL;
	if (!folder)
		return -1;
	if (!real)
		return error_set_path(err, errno, "find", path);
	if (path_is_below(real, root) && strlen(real) > strlen(root))
		*ret_place = xstrdup(real + strlen(root) + 1);
	return 0;
}

static int
read_pointer(struct git_project *project, const char *place, struct lfs_pointer *ret_pointer,
	     enum lfs_kind *ret_kind, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(LFS_POINTER_LIMIT_BYTES);
	AUTO_FREE char *path = xasprintf("%s/%s", git_checkout_folder(project->git, err), place);

	if (file_read(AT_FDCWD, path, &bytes, err) < 0)
		return -1;
	*ret_kind = lfs_pointer_parse(bytes.data ? bytes.data : "", bytes.size, ret_pointer);
	return 0;
}

/* Content that another program makes is not known, except for LFS. */
static int
apply_filter(void *context, struct input_file *file, bool *ret_changed, struct error **err)
{
	struct git_project *project = context;
	AUTO_FREE char *place = NULL;
	struct lfs_pointer pointer;
	enum lfs_kind kind = LFS_NO_POINTER;
	size_t i = 0;

	*ret_changed = false;
	if (file->mode == INPUT_LINK)
		return 0;
	if (find_place(project, file->path, &place, err) < 0)
		return -1;
	if (!place)
		return 0;
	while (i < project->filtered.count && strcmp(project->filtered.items[i], place) != 0)
		i++;
	if (i == project->filtered.count)
		return 0;
	if (strcmp(project->filters.items[i], "lfs") != 0) {
		AUTO_FREE char *why =
			xasprintf("goes through the filter '%s' on its way to the disk",
				  QUOTED(project->filters.items[i]));

		return refuse(file->path, why, err);
	}
	if (file->size < LFS_POINTER_LIMIT_BYTES &&
	    read_pointer(project, place, &pointer, &kind, err) < 0)
		return -1;
	if (kind == LFS_UNKNOWN)
		return refuse(file->path, "is an LFS pointer in an unknown form", err);
	if (kind != LFS_POINTER)
		return 0;
	project->has_pointers = true;
	if (!project->is_with_lfs)
		return 0;
	file->size = pointer.size_bytes;
	memcpy(file->sha256, pointer.digest.bytes, INPUT_DIGEST_BYTES);
	*ret_changed = true;
	return 0;
}

/* Whether a submodule's files are in a checkout depends on how it was made.  `named` is an input,
 * `real` its resolved path. */
static int
check_submodules(const struct project_image *image, const char *named, const char *real,
		 const struct git_entries *entries, struct error **err)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct git_entry *entry = &entries->items[i];
		const char *rest = entry->path + strlen(real) + (*real ? 1 : 0);
		AUTO_FREE char *path = NULL;

		if (entry->mode != GIT_SUBMODULE || !path_is_below(entry->path, real) ||
		    strlen(entry->path) == strlen(real))
			continue;
		path = xasprintf("%s%s%s", named, *named ? "/" : "", rest);
		if (!path_is_below_any(path, &image->exclude))
			return refuse(path, "is, contains or is in a submodule", err);
	}
	return 0;
}

static int
check_input(struct git_project *project, const struct project_image *image, const char *input,
	    const struct git_entries *entries, struct error **err)
{
	AUTO_GIT_END struct git_end end = { 0 };
	AUTO_FREE char *named = path_normalise(input, err);
	AUTO_FREE char *path = named ? xasprintf("%s%s", git_prefix(project->git), named) : NULL;

	if (!path)
		return -1;
	if (!*named && !*git_prefix(project->git) && image->scheme == SCHEME_CONCAT)
		/* There `find` would also list git's own files. */
		return refuse(input, "is the whole directory", err);
	if (path_is_below_any(named, &image->exclude))
		return 0;
	if (text_ends(path, "/"))
		path[strlen(path) - 1] = '\0';
	if (git_tree_end(&project->tree, path, NULL, &end, err) < 0)
		return -1;
	if (end.submodule)
		return refuse(input, "is, contains or is in a submodule", err);
	return end.path ? check_submodules(image, named, end.path, entries, err) : 0;
}

/* The files of all inputs, the links that lead to them, and the attributes that apply to them. */
static int
list_files(struct git_project *project, struct git_entries *ret_entries, struct error **err)
{
	AUTO_STRINGS struct strings paths = { 0 };
	const struct git_tree *tree = &project->tree;

	for (size_t i = 0; i < project->inputs.count; i++) {
		AUTO_GIT_END struct git_end end = { 0 };

		if (git_tree_end(&project->tree, project->inputs.items[i], NULL, &end, err) < 0)
			return -1;
		if (!*end.path)
			return git_entries_list(project->git, project->commit,
						&(struct strings){ 0 }, ret_entries, err);
		add_once(&paths, TAKE_PTR(end.path));
	}
	for (size_t i = 0; i < tree->entries.count; i++)
		if (tree->entries.items[i].target ||
		    text_ends(tree->entries.items[i].path, attributes_name))
			add_once(&paths, xstrdup(tree->entries.items[i].path));
	/* Without a path git would list all. */
	add_once(&paths, xstrdup(project->file));
	return git_entries_list(project->git, project->commit, &paths, ret_entries, err);
}

static int
ask(struct git_project *project, const char *const *argv, const struct buf *input,
    struct buf *output, struct error **err)
{
	const struct git_question question = {
		.argv = argv,
		.input = input->data ? input->data : "",
		.input_bytes = input->size,
		.in_checkout = true,
	};

	return git_read(project->git, &question, output, err);
}

/* "<id> <type> <size>", or "<id> missing" where the repository is a partial clone. */
static int
check_size(const char *line, uint64_t *total_bytes, struct error **err)
{
	const char *size = strrchr(line, ' ');
	uint64_t bytes = 0;

	if (size && strcmp(size, " missing") == 0) {
		error_set(err, ERROR_LOCAL, "git has the name of object %.*s, but not its content",
			  (int)(size - line), line);
		return error_set_hint(err, "in a partial clone: git fetch --refetch --no-filter");
	}
	if (!size || !text_parse_uint(size + 1, INT64_MAX, &bytes))
		return error_set(err, ERROR_CONTENT, "git cat-file wrote an unexpected answer");
	*total_bytes += bytes;
	if (*total_bytes > GIT_CHECKOUT_LIMIT_BYTES)
		return error_set(err, ERROR_USAGE, "the inputs have more than %llu bytes",
				 (unsigned long long)GIT_CHECKOUT_LIMIT_BYTES);
	return 0;
}

static int
make_index(struct git_project *project, const struct git_entries *entries, struct error **err)
{
	static const char *const empty[] = { "read-tree", "--empty", NULL };
	static const char *const fill[] = { "update-index", "-z", "--index-info", NULL };
	AUTO_BUF struct buf lines = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	const struct buf nothing = { 0 };

	for (size_t i = 0; i < entries->count; i++) {
		const struct git_entry *entry = &entries->items[i];
		AUTO_FREE char *line = xasprintf("%o %s\t%s", entry->mode, entry->id, entry->path);

		if (entry->mode != GIT_SUBMODULE &&
		    buf_append(&lines, line, strlen(line) + 1, err) < 0)
			return -1;
	}
	if (ask(project, empty, &nothing, &output, err) < 0)
		return -1;
	return ask(project, fill, &lines, &output, err);
}

/* The next of the words that end with NUL; NULL: the end. */
static const char *
take_word(const struct buf *words, size_t *at)
{
	const char *word = words->data + *at;

	if (*at >= words->size || !memchr(word, '\0', words->size - *at))
		return NULL;
	*at += strlen(word) + 1;
	return word;
}

/* Without an error, git leaves out "..", ".git" and its equivalents on some file systems, and one
 * of two entries with one name; a clone of such a commit fails. */
static int
check_index(struct git_project *project, const struct git_entries *entries, struct error **err)
{
	static const char *const argv[] = { "ls-files", "-z", NULL };
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	const struct buf nothing = { 0 };
	size_t at = 0;

	if (ask(project, argv, &nothing, &output, err) < 0)
		return -1;
	for (size_t i = 0; i < entries->count; i++) {
		const struct git_entry *entry = &entries->items[i];
		const char *path =
			entry->mode == GIT_SUBMODULE ? entry->path : take_word(&output, &at);

		if (!path || strcmp(path, entry->path) != 0)
			return refuse(entry->path, "is not a path that a checkout can have", err);
	}
	return 0;
}

static bool
have_attributes(const struct git_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (strcmp(path_name(entries->items[i].path), attributes_name) == 0)
			return true;
	return false;
}

/* "<path>\0filter\0<value>\0" of each. */
static int
find_filters(struct git_project *project, const struct git_entries *entries, struct error **err)
{
	static const char *const argv[] = { "-c",         "core.attributesFile=/dev/null",
					    "check-attr", "--cached",
					    "-z",         "--stdin",
					    "filter",     NULL };
	AUTO_BUF struct buf paths = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	size_t at = 0;

	if (!have_attributes(entries))
		return 0;
	for (size_t i = 0; i < entries->count; i++)
		if (buf_append(&paths, entries->items[i].path, strlen(entries->items[i].path) + 1,
			       err) < 0)
			return -1;
	if (ask(project, argv, &paths, &output, err) < 0)
		return -1;
	while (at < output.size) {
		const char *path = take_word(&output, &at);
		const char *name = path ? take_word(&output, &at) : NULL;
		const char *value = name ? take_word(&output, &at) : NULL;

		if (!value)
			return error_set(err, ERROR_CONTENT,
					 "git check-attr wrote an unexpected answer");
		if (strcmp(value, "unspecified") == 0 || strcmp(value, "unset") == 0 ||
		    strcmp(value, "set") == 0)
			continue;
		strings_add(&project->filtered, path);
		strings_add(&project->filters, value);
	}
	return 0;
}

/* Removed if a signal ends us: a directory is added before its content. */
static void
note_leftovers(const char *folder, const struct git_entries *entries)
{
	AUTO_FREE char *last = xstrdup("");

	for (size_t i = 0; i < entries->count; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, entries->items[i].path);
		char *slash = path + strlen(folder);

		while ((slash = strchr(slash + 1, '/'))) {
			*slash = '\0';
			if (!path_is_below(last, path))
				leftovers_add(path);
			*slash = '/';
		}
		leftovers_add(path);
		free(last);
		last = TAKE_PTR(path);
	}
}

static int
write_files(struct git_project *project, const struct git_entries *entries, struct error **err)
{
	static const char *const argv[] = { "-c",
					    "core.attributesFile=/dev/null",
					    "-c",
					    "core.autocrlf=false",
					    "-c",
					    "core.eol=lf",
					    "-c",
					    "core.symlinks=true",
					    "-c",
					    "core.fileMode=true",
					    "checkout-index",
					    "--all",
					    "--force",
					    "--quiet",
					    NULL };
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	const struct buf nothing = { 0 };

	note_leftovers(git_checkout_folder(project->git, err), entries);
	return ask(project, argv, &nothing, &output, err);
}

static int
check_out(struct git_project *project, struct error **err)
{
	AUTO_GIT_ENTRIES struct git_entries entries = { 0 };
	static const char *const argv[] = { "cat-file", "--batch-check", NULL };
	AUTO_BUF struct buf ids = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	uint64_t total_bytes = 0;
	char *rest;

	if (git_checkout_empty(project->git, err) < 0 || list_files(project, &entries, err) < 0)
		return -1;
	for (size_t i = 0; i < project->project->image_count; i++) {
		const struct project_image *image = &project->project->images[i];

		for (size_t j = 0; j < image->inputs.count; j++)
			if (check_input(project, image, image->inputs.items[j], &entries, err) < 0)
				return -1;
	}
	/* Before anything is written. */
	if (entries.count > INPUTS_LIMIT_COUNT)
		return error_set(err, ERROR_USAGE, "there are more than %d inputs",
				 INPUTS_LIMIT_COUNT);
	for (size_t i = 0; i < entries.count; i++) {
		if (entries.items[i].mode == GIT_SUBMODULE)
			continue;
		if (buf_append_text(&ids, entries.items[i].id, err) < 0 ||
		    buf_append_text(&ids, "\n", err) < 0)
			return -1;
	}
	if (ask(project, argv, &ids, &output, err) < 0)
		return -1;
	rest = output.data;
	while (rest && *rest)
		if (check_size(strsep(&rest, "\n"), &total_bytes, err) < 0)
			return -1;
	if (make_index(project, &entries, err) < 0 || check_index(project, &entries, err) < 0 ||
	    find_filters(project, &entries, err) < 0)
		return -1;
	return write_files(project, &entries, err);
}

const struct project *
git_project_check_out(struct git_project *project, struct error **err)
{
	struct project *read = project->project;
	const char *prefix = git_prefix(project->git);
	AUTO_FREE char *directory = NULL;

	if (check_out(project, err) < 0)
		return NULL;
	directory = xasprintf("%s/%s", git_checkout_folder(project->git, err), prefix);
	directory[strlen(directory) - 1] = '\0';
	if (dir_make(directory, 0700, err) < 0)
		return NULL;
	free(read->directory);
	read->directory = TAKE_PTR(directory);
	read->lock = project->lock;
	read->filter = project->filtered.count > 0 ? &project->filter : NULL;
	return read;
}

const struct project *
git_project_at(struct git_project *project, const char *revision, char **ret_commit,
	       struct error **err)
{
	AUTO_FREE char *commit = git_commit(project->git, revision, err);
	const struct project *found = NULL;
	struct digest key;

	if (!commit || git_project_find(project, commit, &key, err) < 0)
		return NULL;
	if (key.algorithm == DIGEST_NONE) {
		error_set(err, ERROR_USAGE, "commit '%s' has no project file '%s'",
			  QUOTED(revision), QUOTED(project->file));
		error_set_hint(err, "commit the file, or name a commit that has it");
		return NULL;
	}
	found = git_project_check_out(project, err);
	if (found && ret_commit)
		*ret_commit = TAKE_PTR(commit);
	return found;
}

bool
git_project_go_on_with_lfs(struct git_project *project)
{
	if (project->is_with_lfs || !project->has_pointers)
		return false;
	project->is_with_lfs = true;
	return true;
}
