/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/git.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/leftovers.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"

struct git {
	char *directory; /* the directory in question, absolute and real */
	char *mark;      /* ".git", a directory or a file */
	char *root;      /* the top of the work tree: the folder of ".git" */
	char *prefix;
	char *git_directory;    /* HEAD and index */
	char *common_directory; /* objects, refs and settings, shared by all work trees */
	char *checkout;         /* a folder of our own; NULL: not needed yet */
	char *room;             /* our own git directory, ".git" in `folder` */
};

/* The settings that git reads. */
enum settings { SETTINGS_NONE, SETTINGS_OF_USER, SETTINGS_OF_REPOSITORY };

/* Environment variables of the caller that name settings. */
static const char *const user_variables[] = { "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM",
					      "GIT_CONFIG_SYSTEM", NULL };

/* Environment variables of the caller that name another repository, or a program that asks for
 * passwords. */
static const char *const foreign_variables[] = { "GIT_ALTERNATE_OBJECT_DIRECTORIES",
						 "GIT_COMMON_DIR",
						 "GIT_DIR",
						 "GIT_INDEX_FILE",
						 "GIT_NAMESPACE",
						 "GIT_OBJECT_DIRECTORY",
						 "GIT_PREFIX",
						 "GIT_TERMINAL_PROMPT",
						 "GIT_WORK_TREE",
						 "SSH_ASKPASS",
						 NULL };

static const char *const no_settings[] = { "GIT_ATTR_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
					   "GIT_CONFIG_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1",
					   NULL };

static bool
is_among(const char *variable, const char *const *names)
{
	size_t size = strcspn(variable, "=");

	for (; *names; names++)
		if (strncmp(variable, *names, size) == 0 && (*names)[size] == '\0')
			return true;
	return false;
}

static bool
is_passed_on(const char *variable, enum settings settings)
{
	if (settings == SETTINGS_OF_REPOSITORY)
		return !is_among(variable, foreign_variables);
	if (settings == SETTINGS_OF_USER && is_among(variable, user_variables))
		return true;
	return !text_starts(variable, "GIT_");
}

/* One run of git. */
struct run {
	enum settings settings;
	struct strings variables; /* "NAME=VALUE" */
	struct strings argv;
	const char *directory;
	const char *input;
	size_t input_bytes;
	int timeout_ms; /* 0: none */
	bool may_find_none;
};

static void
run_release(struct run *run)
{
	strings_release(&run->variables);
	strings_release(&run->argv);
}

#define AUTO_RUN CLEANUP(run_release)

static void
add_words(struct run *run, const char *const *words)
{
	for (; *words; words++)
		strings_add(&run->argv, *words);
}

static const char *
subcommand_of(const struct run *run)
{
	char **word = run->argv.items + 1;

	while (*word && (*word)[0] == '-')
		word += strcmp(*word, "-c") == 0 ? 2 : 1;
	return *word;
}

static int
perform(const struct run *run, struct buf *output, struct error **err)
{
	AUTO_STRINGS struct strings environment = { 0 };
	AUTO_BUF struct buf messages = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	struct spawn_options options = {
		.argv = (const char *const *)run->argv.items,
		.directory = run->directory,
		.input = run->input,
		.input_bytes = run->input_bytes,
		.output = output,
		.messages = &messages,
	};
	struct spawn_result result;

	for (char **variable = environ; *variable; variable++)
		if (is_passed_on(*variable, run->settings))
			strings_add(&environment, *variable);
	for (size_t i = 0; run->settings == SETTINGS_NONE && no_settings[i]; i++)
		strings_add(&environment, no_settings[i]);
	for (size_t i = 0; i < run->variables.count; i++)
		strings_add(&environment, run->variables.items[i]);
	strings_add(&environment, "GIT_TERMINAL_PROMPT=0");
	options.environment = (const char *const *)environment.items;
	if (run->timeout_ms > 0)
		options.deadline_ms = deadline_after_ms(run->timeout_ms);
	if (spawn_run(&options, &result, err) < 0)
		return error_wrap(err, "git %s", subcommand_of(run));
	if (result.exit_status == 1 && run->may_find_none)
		buf_clear(output);
	else if (result.exit_status != 0 || result.timed_out) {
		AUTO_FREE char *said = text_quote_message(messages.data, messages.size);
		enum error_kind kind =
			run->settings == SETTINGS_OF_REPOSITORY ? ERROR_UNAVAILABLE : ERROR_LOCAL;

		if (result.timed_out)
			return error_set(err, kind, "git %s did not end in %d s",
					 subcommand_of(run), run->timeout_ms / 1000);
		if (result.exit_status == 127)
			return error_set(err, ERROR_USAGE, "git is not installed");
		return error_set(err, kind, "git %s ended with status %d: %s", subcommand_of(run),
				 result.exit_status, said);
	}
	return 0;
}

/* The output of `git config WORD...` outside any repository; NULL: nothing, or git failed. */
static char *
read_settings(enum settings settings, const char *const *words, size_t *ret_size)
{
	AUTO_RUN struct run run = { .settings = settings, .directory = "/" };
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;

	strings_add(&run.variables, "GIT_DIR=/dev/null");
	strings_add(&run.argv, "git");
	strings_add(&run.argv, "config");
	add_words(&run, words);
	if (perform(&run, &output, &ignored) < 0 || output.size == 0 ||
	    output.data[output.size - 1] != '\0')
		return NULL;
	*ret_size = output.size;
	return TAKE_PTR(output.data);
}

char *
git_setting(const struct git *git, const char *name)
{
	AUTO_FREE char *file = xasprintf("%s/config", git->common_directory);
	const char *const words[] = {
		"-z", "--file", file, "--no-includes", "--type=bool-or-str", "--get", name, NULL
	};
	size_t size;

	return read_settings(SETTINGS_NONE, words, &size);
}

char *
git_user_setting(const char *name)
{
	const char *const words[] = { "-z", "--type=bool-or-str", "--get", name, NULL };
	size_t size;

	return read_settings(SETTINGS_OF_USER, words, &size);
}

char *
git_find(const char *directory)
{
	AUTO_FREE char *above = xstrdup(directory);
	struct stat status;

	do {
		AUTO_FREE char *mark = xasprintf("%s/.git", above[1] ? above : "");

		if (lstat(mark, &status) == 0)
			return TAKE_PTR(mark);
	} while (path_go_up(above));
	return NULL;
}

/* The value "*" means every directory, one that ends with "/" and a star everything below it, an
 * empty one clears the list. */
static bool
is_safe_directory(const char *directory)
{
	static const char *const words[] = { "-z", "--type=path", "--get-all", "safe.directory",
					     NULL };
	size_t size = 0;
	AUTO_FREE char *values = read_settings(SETTINGS_OF_USER, words, &size);
	bool is_safe = false;

	for (size_t at = 0; at < size; at += strlen(values + at) + 1) {
		const char *value = values + at;
		bool has_star = text_ends(value, "/*");
		AUTO_FREE char *named =
			xstrndup(value, strlen(value) - (has_star ? strlen("/*") : 0));
		AUTO_FREE char *real = *named == '/' ? realpath(named, NULL) : NULL;

		if (*value == '\0')
			is_safe = false;
		else if (strcmp(value, "*") == 0 || (real && path_is_below(directory, real)))
			is_safe = true;
	}
	return is_safe;
}

/* Whether a CI system says that it made both for this job.  What Jenkins calls its workspace, many
 * tools of developers call theirs. */
static bool
share_workspace(const char *path, const char *start)
{
	static const char *const names[] = { "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE" };
	size_t count = COUNT_OF(names) - (environment_find("JENKINS_URL") ? 0 : 1);

	for (size_t i = 0; i < count; i++) {
		const char *value = environment_find(names[i]);
		AUTO_FREE char *workspace = value && *value == '/' ? realpath(value, NULL) : NULL;

		if (workspace && path_is_below(path, workspace) && path_is_below(start, workspace))
			return true;
	}
	return false;
}

static bool
owner_counts(uid_t owner, const char *path, const char *start)
{
	const char *sudo = environment_find("SUDO_UID");
	uint64_t sudo_uid;
	struct stat status;

	if (owner == geteuid())
		return true;
	if (geteuid() == 0 && sudo && text_parse_uint(sudo, UINT32_MAX, &sudo_uid) &&
	    owner == (uid_t)sudo_uid)
		return true;
	return share_workspace(path, start) && stat(start, &status) == 0 && owner == status.st_uid;
}

/* Check the folder too: its owner may have linked a file of the caller into it. */
int
git_check_owner(const char *path, const char *start, struct error **err)
{
	AUTO_FREE char *folder = path_folder(path);
	AUTO_FREE char *safe = text_quote_string(folder);
	struct stat file;
	struct stat parent;
	uid_t foreign;

	if (lstat(path, &file) < 0)
		return error_set_path(err, errno, "look at", path);
	if (lstat(folder, &parent) < 0)
		return error_set_path(err, errno, "look at", folder);
	if (!owner_counts(file.st_uid, path, start))
		foreign = file.st_uid;
	else if (parent.st_uid != 0 && !owner_counts(parent.st_uid, path, start))
		foreign = parent.st_uid;
	else
		return 0;
	if (is_safe_directory(folder))
		return 0;
	error_set(err, ERROR_REFUSED, "cannot use '%s': it belongs to another user, uid %u",
		  QUOTED(path), (unsigned)foreign);
	error_set_class(err, CLASS_FOREIGN_OWNER);
	return error_set_hint(err,
			      "if you trust that user, name the project file with --file, or run "
			      "'git config --global --add safe.directory %s'",
			      safe);
}

/* The path in a file, after a prefix, made absolute from the file's folder; NULL: none. */
static char *
read_path(const char *file, const char *prefix)
{
	AUTO_BUF struct buf bytes = BUF_INIT(PATH_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *folder = path_folder(file);
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *path = NULL;

	if (file_read(AT_FDCWD, file, &bytes, &ignored) < 0 || bytes.size == 0)
		return NULL;
	text = xstrndup(bytes.data, bytes.size);
	text[strcspn(text, "\r\n")] = '\0';
	if (!text_starts(text, prefix))
		return NULL;
	path = text[strlen(prefix)] == '/' ? xstrdup(text + strlen(prefix))
					   : xasprintf("%s/%s", folder, text + strlen(prefix));
	return realpath(path, NULL);
}

static bool
holds(const char *directory, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory, name);
	struct stat status;

	return lstat(path, &status) == 0;
}

/* The form of a git directory that git recognises; false: something else is named ".git". */
static bool
find_directories(struct git *git)
{
	AUTO_FREE char *common_file = NULL;
	struct stat status;

	if (stat(git->mark, &status) < 0)
		return false;
	git->git_directory = S_ISDIR(status.st_mode) ? realpath(git->mark, NULL)
						     : read_path(git->mark, "gitdir: ");
	if (!git->git_directory)
		return false;
	common_file = xasprintf("%s/commondir", git->git_directory);
	git->common_directory = lstat(common_file, &status) == 0 ? read_path(common_file, "")
								 : xstrdup(git->git_directory);
	return git->common_directory && holds(git->git_directory, "HEAD") &&
	       holds(git->common_directory, "objects") && holds(git->common_directory, "refs");
}

int
git_open(const char *directory, struct git **ret_git, struct error **err)
{
	AUTO_GIT struct git *git = XNEW(struct git);
	const char *below;

	*ret_git = NULL;
	git->directory = realpath(directory, NULL);
	if (!git->directory)
		return error_set_path(err, errno, "look for git in", directory);
	git->mark = git_find(git->directory);
	if (!git->mark)
		return 0;
	git->root = path_folder(git->mark);
	if (strcmp(git->root, git->directory) != 0 &&
	    git_check_owner(git->mark, git->directory, err) < 0)
		return -1;
	if (!find_directories(git))
		return 0;
	below = git->directory + (git->root[1] ? strlen(git->root) : 0);
	below += strspn(below, "/");
	git->prefix = *below ? xasprintf("%s/", below) : xstrdup("");
	*ret_git = TAKE_PTR(git);
	return 0;
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)place;
	(void)(type == FTW_DP ? rmdir(path) : unlink(path));
	return 0;
}

static void
remove_folder(const char *folder)
{
	static const int open_directories = 32;

	(void)nftw(folder, remove_one, open_directories, FTW_DEPTH | FTW_PHYS);
	leftovers_forget(folder);
}

void
git_free(struct git *git)
{
	if (!git)
		return;
	if (git->checkout)
		remove_folder(git->checkout);
	free(git->directory);
	free(git->mark);
	free(git->root);
	free(git->prefix);
	free(git->git_directory);
	free(git->common_directory);
	free(git->checkout);
	free(git->room);
	free(git);
}

const char *
git_prefix(const struct git *git)
{
	return git->prefix;
}

static int
put_file(const char *room, const char *name, const char *bytes, size_t size, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", room, name);
	AUTO_CLOSE int fd = -1;

	leftovers_add(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set_path(err, errno, "create", path);
	return fd_write_all(fd, bytes, size, path, err);
}

static int
borrow(const char *room, const char *directory, const char *name, struct error **err)
{
	AUTO_FREE char *theirs = xasprintf("%s/%s", directory, name);
	AUTO_FREE char *ours = xasprintf("%s/%s", room, name);

	if (!holds(directory, name))
		return 0;
	leftovers_add(ours);
	if (symlink(theirs, ours) == 0)
		return 0;
	return error_set_path(err, errno, "create", ours);
}

/* A split index names a file with the rest of it. */
static int
borrow_shared_indexes(const struct git *git, const char *room, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int fd = dir_open(git->git_directory, err);

	if (fd < 0)
		return -1;
	if (dir_names(fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return error_set_path(err, errno, "read", git->git_directory);
	for (size_t i = 0; i < names.count; i++)
		if (text_starts(names.items[i], "sharedindex.") &&
		    borrow(room, git->git_directory, names.items[i], err) < 0)
			return -1;
	return 0;
}

/* Extensions that git needs to read objects or refs; their values are plain words. */
static int
put_settings(const struct git *git, const char *room, struct error **err)
{
	static const char *const extensions[] = { "objectFormat", "refStorage" };
	AUTO_FREE char *text = xstrdup("[core]\n\trepositoryFormatVersion = 1\n\tbare = false\n"
				       "[extensions]\n");

	for (size_t i = 0; i < COUNT_OF(extensions); i++) {
		AUTO_FREE char *name = xasprintf("extensions.%s", extensions[i]);
		AUTO_FREE char *value = git_setting(git, name);
		AUTO_FREE char *before = NULL;

		if (!value)
			continue;
		if (value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789")])
			return error_set(err, ERROR_USAGE, "the git repository has an unknown %s",
					 extensions[i]);
		before = TAKE_PTR(text);
		text = xasprintf("%s\t%s = %s\n", before, extensions[i], value);
	}
	return put_file(room, "config", text, strlen(text), err);
}

static int
fill_room(const struct git *git, const char *room, struct error **err)
{
	static const char *const common[] = { "objects", "refs", "packed-refs", "shallow" };
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf head = BUF_INIT(PATH_LIMIT_BYTES);

	for (size_t i = 0; i < COUNT_OF(common); i++)
		if (borrow(room, git->common_directory, common[i], err) < 0)
			return -1;
	/* A linked work tree keeps its HEAD in its own reftable, and we can borrow only one. */
	if (strcmp(git->git_directory, git->common_directory) == 0 &&
	    borrow(room, git->common_directory, "reftable", err) < 0)
		return -1;
	/* Git refuses a HEAD that is a link to a file outside refs. */
	path = xasprintf("%s/HEAD", git->git_directory);
	if (file_read(AT_FDCWD, path, &head, err) < 0)
		return -1;
	if (put_file(room, "HEAD", head.data ? head.data : "", head.size, err) < 0 ||
	    put_settings(git, room, err) < 0)
		return -1;
	return borrow_shared_indexes(git, room, err);
}

const char *
git_checkout_folder(struct git *git, struct error **err)
{
	const char *parent = temporary_folder();
	AUTO_FREE char *folder = NULL;
	AUTO_FREE char *room = NULL;
	static const char *const names[] = { "index", "index.lock" };

	if (git->checkout)
		return git->checkout;
	folder = xasprintf("%s/ocifp-git-XXXXXX", parent);
	if (!mkdtemp(folder)) {
		error_set_path(err, errno, "make a directory in", parent);
		return NULL;
	}
	leftovers_add(folder);
	room = xasprintf("%s/.git", folder);
	leftovers_add(room);
	/* Files that git creates when a command runs in the checkout. */
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", room, names[i]);

		leftovers_add(path);
	}
	if (mkdir(room, 0700) < 0)
		error_set_path(err, errno, "make", room);
	else if (fill_room(git, room, err) == 0)
		git->room = TAKE_PTR(room);
	if (!git->room) {
		remove_folder(folder);
		return NULL;
	}
	git->checkout = TAKE_PTR(folder);
	return git->checkout;
}

int
git_checkout_empty(struct git *git, struct error **err)
{
	const char *folder = git_checkout_folder(git, err);
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int fd = folder ? dir_open(folder, err) : -1;

	if (fd < 0)
		return -1;
	if (dir_names(fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return error_set_path(err, errno, "read", folder);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, names.items[i]);

		if (strcmp(names.items[i], ".git") != 0)
			remove_folder(path);
	}
	return 0;
}

int
git_read(struct git *git, const struct git_question *question, struct buf *output,
	 struct error **err)
{
	AUTO_RUN struct run run = {
		.settings = SETTINGS_NONE,
		.input = question->input,
		.input_bytes = question->input_bytes,
		.may_find_none = question->may_find_none,
	};
	const char *checkout = git_checkout_folder(git, err);

	if (!checkout)
		return error_wrap(err, "cannot read the git repository '%s'", git->root);
	run.directory = question->in_checkout ? checkout : git->directory;
	strings_take(&run.variables, xasprintf("GIT_DIR=%s", git->room));
	strings_take(&run.variables,
		     xasprintf("GIT_OBJECT_DIRECTORY=%s/objects", git->common_directory));
	strings_take(&run.variables,
		     xasprintf("GIT_WORK_TREE=%s", question->in_checkout ? checkout : git->root));
	strings_take(&run.variables,
		     xasprintf("GIT_INDEX_FILE=%s/index",
			       question->in_checkout ? git->room : git->git_directory));
	strings_add(&run.argv, "git");
	add_words(&run, question->argv);
	return perform(&run, output, err);
}

int
git_find_commit(struct git *git, const char *revision, char **ret_commit, struct error **err)
{
	AUTO_FREE char *wanted = xasprintf("%s^{commit}", revision);
	const char *const argv[] = { "rev-parse", "--verify", "--quiet", wanted, NULL };
	const struct git_question question = { .argv = argv, .may_find_none = true };
	AUTO_BUF struct buf output = BUF_INIT(PATH_LIMIT_BYTES);

	*ret_commit = NULL;
	/* git would take the revision as an option. */
	if (*revision == '-')
		return 0;
	if (git_read(git, &question, &output, err) < 0)
		return -1;
	/* For "^HEAD" git prints "^<commit>", which is not the name of a commit. */
	if (output.size > 1 && strspn(output.data, "0123456789abcdef") == output.size - 1)
		*ret_commit = xstrndup(output.data, output.size - 1);
	return 0;
}

char *
git_commit(struct git *git, const char *revision, struct error **err)
{
	char *commit;

	if (git_find_commit(git, revision, &commit, err) < 0)
		return NULL;
	if (commit)
		return commit;
	error_set(err, ERROR_USAGE, "git knows no commit '%s'", QUOTED(revision));
	error_set_hint(err, "a shallow clone lacks older commits and other branches; git fetch "
			    "gets them");
	return NULL;
}

/* Anyone who can write the settings can choose programs that run as the caller. */
static int
check_settings(const struct git *git, struct error **err)
{
	AUTO_FREE char *file = xasprintf("%s/config", git->common_directory);
	const char *const paths[] = { git->mark, git->git_directory, git->common_directory, file };

	if (is_safe_directory(git->root))
		return 0;
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (git_check_owner(paths[i], git->directory, err) < 0)
			return -1;
	return 0;
}

int
git_ls_remote(const struct git *git, const char *const *argv, int timeout_ms, struct buf *output,
	      struct error **err)
{
	static const char *const words[] = { "git",       "--no-pager",
					     "-c",        "protocol.ext.allow=never",
					     "-c",        "safe.bareRepository=explicit",
					     "ls-remote", NULL };
	AUTO_RUN struct run run = {
		.settings = SETTINGS_OF_REPOSITORY,
		.directory = git->root,
		.timeout_ms = timeout_ms,
	};

	if (check_settings(git, err) < 0)
		return -1;
	strings_take(&run.variables, xasprintf("GIT_DIR=%s", git->git_directory));
	add_words(&run, words);
	add_words(&run, argv);
	return perform(&run, output, err);
}
