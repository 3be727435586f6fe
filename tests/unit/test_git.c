/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "ability.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "tree_room.h"

static const char *const variables[] = {
	"CI_PROJECT_DIR", "GITHUB_WORKSPACE", "SUDO_UID",
	"WORKSPACE",      "JENKINS_URL",      "GIT_DIR",
	"GIT_INDEX_FILE", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL",
};

static int
enter(void **state)
{
	int result = enter_tree(state);

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	shell("cat >make.sh <<'END'\n"
	      "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b\n"
	      "export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n"
	      "END\n"
	      "printf '#!/bin/sh\\necho \"$0 $*\" >>%s\\ncat\\n' \"$PWD/ran\" >evil;"
	      "chmod +x evil");
	return result;
}

static int
leave(void **state)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	unsetenv("GIT_CONFIG_NOSYSTEM");
	return leave_tree(state);
}

static struct git *
open_repository(const char *directory)
{
	AUTO_ERROR struct error *err = NULL;
	struct git *git = NULL;

	if (git_open(directory, &git, &err) < 0 || !git)
		fail_msg("%s: %s", directory, err ? error_text(err) : "not found");
	return git;
}

/* What git writes, as a string. */
static char *
ask(struct git *git, const char *const *argv)
{
	const struct git_question question = { .argv = argv };
	AUTO_BUF struct buf output = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;

	if (git_read(git, &question, &output, &err) < 0)
		fail_msg("%s", error_text(err));
	return xstrndup(output.data ? output.data : "", output.size);
}

static const char *const ls_files[] = { "ls-files", NULL };
static const char *const show_refs[] = { "for-each-ref", "--format=%(refname)", NULL };
static const char *const show_file[] = { "cat-file", "-p", "HEAD:file", NULL };

static void
assert_lists(const char *directory, const char *expected)
{
	AUTO_GIT struct git *git = open_repository(directory);
	AUTO_FREE char *listed = ask(git, ls_files);

	assert_string_equal(listed, expected);
}

static void
assert_nothing_ran(const char *setting)
{
	if (access("ran", F_OK) == 0)
		fail_msg("'%s' ran a program", setting);
}

/* Everything that is asked of a repository, a checkout of our own too. */
static void
ask_everything(const char *directory)
{
	static const char *const update[] = { "update-index", "-z", "--index-info", NULL };
	static const char *const attributes[] = { "check-attr", "--cached", "filter", "file",
						  NULL };
	static const char *const fill[] = { "read-tree", "HEAD", NULL };
	static const char *const check_out[] = { "checkout-index", "--all", "--force", NULL };
	static const char *const *const own[] = { update, fill, attributes, check_out };
	AUTO_GIT struct git *git = open_repository(directory);
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *file = xasprintf("%s/file", git_checkout_folder(git, &err));
	AUTO_FREE char *files = ask(git, ls_files);
	AUTO_FREE char *refs = ask(git, show_refs);
	AUTO_FREE char *content = ask(git, show_file);
	AUTO_FREE char *head = git_commit(git, "HEAD", &err);

	assert_string_equal(files, ".gitattributes\nfile\n");
	assert_non_null(strstr(refs, "refs/heads/main\n"));
	assert_string_equal(content, "one\n");
	assert_non_null(head);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		const struct git_question question = { .argv = own[i],
						       .input = "",
						       .in_checkout = true };
		AUTO_BUF struct buf output = BUF_INIT(KIB);

		if (git_read(git, &question, &output, &err) < 0)
			fail_msg("%s", error_text(err));
	}
	assert_int_equal(access(file, F_OK), 0);
}

/* Each of these runs ./evil when git itself is asked in the repository. */
static void
no_setting_of_a_repository_counts(void **state)
{
	static const char *const settings[] = {
		"git config core.fsmonitor $EVIL",
		"git config core.hooksPath $PWD/hooks; mkdir hooks;"
		" cp $EVIL hooks/post-index-change",
		"mkdir -p .git/hooks; cp $EVIL .git/hooks/post-index-change",
		"git config filter.x.smudge $EVIL",
		"git config filter.x.process $EVIL",
		"git config core.alternateRefsCommand $EVIL",
		"git config core.pager $EVIL; git config pager.ls-files true;"
		" git config pager.for-each-ref true",
		"printf '[core]\\n\\tfsmonitor = %s\\n' $EVIL >.git/more;"
		" git config include.path more",
		"printf '[core]\\n\\tfsmonitor = %s\\n' $EVIL >.git/more;"
		" git config includeIf.gitdir:/.path more",
		"git config extensions.worktreeConfig true;"
		" git config --worktree core.fsmonitor $EVIL",
		"git config gpg.program $EVIL; git config log.showSignature true",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		AUTO_FREE char *script =
			xasprintf("rm -rf repo; . ./make.sh; EVIL=$PWD/evil;"
				  "git init -qb main repo; cd repo; echo one >file;"
				  "echo 'file filter=x' >.gitattributes; git add .;"
				  "git commit -qm one; %s; rm -f ../ran",
				  settings[i]);

		shell(script);
		ask_everything("repo");
		assert_nothing_ran(settings[i]);
	}
}

static void
a_folder_of_tracked_files_is_never_a_repository(void **state)
{
	(void)state;
	shell(". ./make.sh; git init -q repo; cd repo; echo one >file; git init -q --bare sub;"
	      "git -C sub config core.bare false; git -C sub config core.worktree .;"
	      "git -C sub config core.fsmonitor $PWD/../evil; echo two >sub/file;"
	      "GIT_DIR=sub GIT_WORK_TREE=sub git add file; rm ../ran;"
	      "git add -f file sub/file sub/HEAD sub/config");
	assert_lists("repo/sub", "HEAD\nconfig\nfile\n");
	assert_nothing_ran("core.fsmonitor");
}

/* The caller's variables may be those of a hook in another repository. */
static void
variables_of_the_caller_name_no_other_repository(void **state)
{
	(void)state;
	shell("git init -q repo; echo one >repo/file; git -C repo add file; git init -q other;"
	      "git -C other config core.fsmonitor $PWD/evil");
	setenv("GIT_DIR", "other/.git", 1);
	setenv("GIT_INDEX_FILE", "other/.git/index", 1);
	assert_lists("repo", "file\n");
	assert_nothing_ran("core.fsmonitor");
}

static void
all_forms_of_a_repository_are_read(void **state)
{
	static const struct {
		const char *script; /* in a folder with a repository "repo" that has two commits */
		const char *directory;
	} cases[] = {
		{ ":", "repo" },
		{ "git -C repo worktree add -q --detach ../tree", "tree" },
		{ "git clone -q --shared repo copy", "copy" },
		{ "git clone -q --depth 1 file://$PWD/repo copy", "copy" },
		{ "git -C repo update-index --split-index; echo x >repo/x; git -C repo add x;"
		  "git -C repo rm -qf x",
		  "repo" },
		{ "git -C repo pack-refs --all; git -C repo gc -q", "repo" },
		{ "git init -q super; git -C super -c protocol.file.allow=always submodule add -q "
		  "$PWD/repo sub",
		  "super/sub" },
		{ "git clone -q --separate-git-dir=elsewhere repo copy", "copy" },
		{ "git -C repo checkout -q --detach", "repo" },
		{ "ln -s repo link", "link" },
		{ "ln -s $PWD/repo/.git moved; mkdir copy; cp repo/file copy; mv moved copy/.git",
		  "copy" },
		{ "rm -rf repo; git init -q --object-format=sha256 -b main repo; echo one "
		  ">repo/file; git -C repo add file; git -C repo commit -qm one",
		  "repo" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO_FREE char *script = xasprintf(
			"rm -rf repo tree copy super elsewhere link moved; . ./make.sh;"
			"git init -qb main repo; echo zero >repo/file; git -C repo add file;"
			"git -C repo commit -qm zero; echo one >repo/file; git -C repo commit -qam "
			"one; %s; git -C %s rev-parse HEAD | tr -d '\\n' >head",
			cases[i].script, cases[i].directory);
		AUTO_GIT struct git *git = NULL;
		AUTO_FREE char *listed = NULL;
		AUTO_FREE char *content = NULL;
		AUTO_FREE char *head = NULL;
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *check = NULL;

		shell(script);
		git = open_repository(cases[i].directory);
		listed = ask(git, ls_files);
		content = ask(git, show_file);
		assert_int_equal(git_find_commit(git, "HEAD", &head, &err), 0);
		assert_string_equal(listed, "file\n");
		assert_string_equal(content, "one\n");
		check = xasprintf("[ \"$(cat head)\" = '%s' ]", head ? head : "none");
		shell(check);
	}
}

/* Whoever can push may name another tree under a commit's id. */
static void
replaced_objects_do_not_count(void **state)
{
	AUTO_GIT struct git *git = NULL;
	AUTO_FREE char *content = NULL;

	(void)state;
	shell(". ./make.sh; git init -q repo; cd repo; echo one >file; git add file;"
	      "git replace $(git hash-object -w file) $(echo other | git hash-object -w --stdin);"
	      "git commit -qm one");
	git = open_repository("repo");
	content = ask(git, show_file);
	assert_string_equal(content, "one\n");
}

static void
what_a_partial_clone_lacks_is_not_fetched(void **state)
{
	const struct git_question question = { .argv = show_file };
	AUTO_BUF struct buf output = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;
	AUTO_GIT struct git *git = NULL;

	(void)state;
	shell(". ./make.sh; git init -q repo; cd repo; echo one >file; git add file;"
	      "git commit -qm one; git config uploadpack.allowFilter true; cd ..;"
	      "git clone -q --no-checkout --filter=blob:none file://$PWD/repo copy;"
	      "git -C copy config remote.origin.uploadpack $PWD/evil");
	git = open_repository("copy");
	assert_int_equal(git_read(git, &question, &output, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_nothing_ran("remote.origin.uploadpack");
}

static void
what_is_no_repository_is_not_found(void **state)
{
	static const char *const scripts[] = {
		":",
		"mkdir repo/.git",
		"touch repo/.git",
		"echo 'gitdir: nowhere' >repo/.git",
		"ln -s nowhere repo/.git",
		"mkfifo repo/.git",
		"git init -q repo; rm repo/.git/HEAD",
		"git init -q repo; rm -rf repo/.git/objects",
		"git init -q repo; echo nowhere >repo/.git/commondir",
		"git init -q --bare repo",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		AUTO_ERROR struct error *err = NULL;
		struct git *git = NULL;

		shell("rm -rf repo; mkdir repo");
		shell(scripts[i]);
		if (git_open("repo", &git, &err) < 0 || git)
			fail_msg("%s: %s", scripts[i], err ? error_text(err) : "found");
	}
}

static void
settings_are_those_of_the_file_itself(void **state)
{
	AUTO_GIT struct git *git = NULL;
	AUTO_FREE char *url = NULL;
	AUTO_FREE char *none = NULL;

	(void)state;
	shell("git init -q repo; cd repo; git remote add origin https://h/one;"
	      "printf '[remote \"origin\"]\\n\\turl = https://h/two\\n' >.git/more;"
	      "git config include.path more");
	git = open_repository("repo");
	url = git_setting(git, "remote.origin.url");
	none = git_setting(git, "remote.other.url");
	assert_string_equal(url, "https://h/one");
	assert_null(none);
}

/* A repository with a folder below it, of user 4322, where uid 0 asks; "start" is its own. */
static void
assert_foreign(const char *setup, bool counts)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_GIT struct git *git = NULL;
	AUTO_FREE char *script = xasprintf(
		"rm -rf repo; git init -q repo; mkdir -p repo/start; echo x >repo/start/file;"
		"git -C repo add start; chown -R 4322 repo; chown 0 repo/start; %s",
		setup);
	int result;

	shell(script);
	result = git_open("repo/start", &git, &err);
	if ((result == 0) != counts)
		fail_msg("'%s': %s", setup, err ? error_text(err) : "counts");
	if (counts) {
		assert_lists("repo/start", "file\n");
		return;
	}
	assert_int_equal(error_kind(err), ERROR_REFUSED);
	assert_string_equal(error_class(err), "foreign_owner");
	assert_non_null(strstr(error_hint(err), "safe.directory"));
}

static void
a_repository_above_belongs_to_somebody_whom_the_caller_trusts(void **state)
{
	AUTO_FREE char *here = realpath(".", NULL);
	AUTO_FREE char *config = xasprintf("%s/gitconfig", here);

	(void)state;
	need("root"); /* nobody else can give files away */
	setenv("GIT_CONFIG_GLOBAL", config, 1);
	assert_foreign("rm -f gitconfig", false);
	assert_foreign("chown -R 0 repo", true);
	/* Somebody else's folder may hold a link to the caller's file. */
	assert_foreign("chown -R 0 repo/.git", false);
	assert_foreign("git config --global safe.directory '*'", true);
	assert_foreign("git config --global safe.directory $PWD/repo", true);
	assert_foreign("git config --global safe.directory $PWD/'*'", true);
	assert_foreign("git config --global safe.directory $PWD/rep", false);
	assert_foreign("git config --global safe.directory $PWD/repo/start", false);
	assert_foreign("git config --global --add safe.directory $PWD/repo;"
		       "git config --global --add safe.directory ''",
		       false);
	shell("rm gitconfig");
	assert_foreign("git config --file repo/.git/config safe.directory '*'", false);
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "safe.directory", 1);
	setenv("GIT_CONFIG_VALUE_0", "*", 1);
	assert_foreign(":", false);
	unsetenv("GIT_CONFIG_COUNT");
	setenv("SUDO_UID", "4322", 1);
	assert_foreign(":", true);
	setenv("SUDO_UID", "4323", 1);
	assert_foreign(":", false);
	unsetenv("SUDO_UID");
}

/* A `container:` job is root in a workspace of another user, and may be in a folder below it. */
static void
in_a_workspace_its_owner_counts(void **state)
{
	static const char *const names[] = { "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE" };
	AUTO_FREE char *here = realpath(".", NULL);
	AUTO_FREE char *workspace = xasprintf("%s/repo", here);
	AUTO_FREE char *below = xasprintf("%s/repo/start", here);
	AUTO_FREE char *other = xasprintf("%s/rep", here);

	(void)state;
	need("root");
	setenv("WORKSPACE", workspace, 1);
	assert_foreign("chown 4322 repo/start", false); /* no Jenkins has said it */
	setenv("JENKINS_URL", "http://ci.example", 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		unsetenv("WORKSPACE");
		setenv(names[i], workspace, 1);
		assert_foreign("chown 4322 repo/start", true);
		assert_foreign(":", false); /* the caller's folder: not what the job was given */
		assert_foreign("chown 4323 repo/start", false);
		setenv(names[i], below, 1);
		assert_foreign("chown 4322 repo/start", false);
		setenv(names[i], other, 1);
		assert_foreign("chown 4322 repo/start", false);
		setenv(names[i], "repo", 1);
		assert_foreign("chown 4322 repo/start", false);
		unsetenv(names[i]);
	}
	unsetenv("JENKINS_URL");
}

static const char *const origin[] = { "--heads", "origin", NULL };

static int
ls_remote(const char *directory, struct buf *output, struct error **err)
{
	AUTO_GIT struct git *git = open_repository(directory);

	return git_ls_remote(git, origin, 1000, output, err);
}

static void
origin_is_asked_with_the_settings_of_the_repository(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell(". ./make.sh; git init -qb main theirs; git -C theirs commit -q --allow-empty -m m;"
	      "printf '#!/bin/sh\\necho >>%s/asked\\nexec git upload-pack %s/theirs\\n' $PWD $PWD "
	      ">ssh; chmod +x ssh; git init -q repo; git -C repo remote add origin ssh://h/x;"
	      "git -C repo config core.sshCommand $PWD/ssh; mkdir repo/sub;"
	      "git -C repo worktree add -q --orphan -b t ../tree 2>/dev/null || :");
	if (ls_remote("repo/sub", &output, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_non_null(strstr(output.data, "\trefs/heads/main\n"));
	shell("[ -s asked ]");
}

static void
origin_of_another_user_is_not_asked(void **state)
{
	static const char *const foreign[] = { "repo/.git", "repo/.git/config", "repo" };

	(void)state;
	need("root");
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		AUTO_BUF struct buf output = BUF_INIT(KIB);
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *script = xasprintf(
			"rm -rf repo; git init -q repo; git -C repo remote add origin ssh://h/x;"
			"git -C repo config core.sshCommand $PWD/evil; chown 4322 %s",
			foreign[i]);

		shell(script);
		assert_int_equal(ls_remote("repo", &output, &err), -1);
		assert_int_equal(error_kind(err), ERROR_REFUSED);
		assert_nothing_ran(foreign[i]);
	}
}

static void
a_remote_helper_that_runs_a_command_is_off(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell("git init -q repo; cd repo; git remote add origin \"ext::$PWD/../evil\";"
	      "git config protocol.ext.allow always");
	assert_int_equal(ls_remote("repo", &output, &err), -1);
	assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
	assert_nothing_ran("protocol.ext.allow");
}

static void
git_that_asks_others_does_not_wait_for_ever(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(PATH_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell("git init -q repo; git -C repo remote add origin ssh://h/x;"
	      "git -C repo config core.sshCommand 'sleep 60; :'");
	assert_int_equal(ls_remote("repo", &output, &err), -1);
	assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
	assert_string_equal(error_text(err), "git ls-remote did not end in 1 s");
}

static void
what_git_complains_has_a_limit(void **state)
{
	(void)state;
	shell("git init -q repo");
	for (int past = 0; past < 2; past++) {
		AUTO_FREE char *alias = xasprintf("alias.loud=!head -c %zu /dev/zero >&2; exit 3",
						  HELPER_OUTPUT_LIMIT_BYTES + (size_t)past);
		const char *const argv[] = { "-c", alias, "loud", NULL };
		const struct git_question question = { .argv = argv };
		AUTO_GIT struct git *git = open_repository("repo");
		AUTO_BUF struct buf output = BUF_INIT(PATH_LIMIT_BYTES);
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(git_read(git, &question, &output, &err), -1);
		assert_non_null(strstr(error_text(err),
				       past ? "git loud: output of 'git': more than 65536 bytes"
					    : "git loud ended with status 3"));
	}
}

/* Nothing of ours is left in $TMPDIR. */
static void
the_checkout_goes_with_the_repository(void **state)
{
	struct git *git = NULL;
	AUTO_FREE char *room = NULL;
	AUTO_FREE char *listed = NULL;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell(". ./make.sh; git init -q repo; echo one >repo/file; git -C repo add file;"
	      "git -C repo commit -qm one; git -C repo update-index --split-index");
	git = open_repository("repo");
	listed = ask(git, ls_files);
	room = xstrdup(git_checkout_folder(git, &err));
	assert_int_equal(access(room, F_OK), 0);
	git_free(git);
	assert_int_equal(access(room, F_OK), -1);
	shell("[ -d repo/.git/refs/heads ] && ls repo/.git/sharedindex.* >/dev/null");
}

/* With the index that git made for it. */
static void
the_checkout_goes_with_a_signal(void **state)
{
	static const char *const fill[] = { "read-tree", "HEAD", NULL };
	const struct git_question question = { .argv = fill, .in_checkout = true };
	AUTO_BUF struct buf output = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *room = NULL;
	int status = 0;
	pid_t pid;

	(void)state;
	shell(". ./make.sh; git init -q repo; echo one >repo/file; git -C repo add file;"
	      "git -C repo commit -qm one; mkdir tmp");
	room = realpath("tmp", NULL);
	pid = fork();
	if (pid == 0) {
		struct git *git;

		setenv("TMPDIR", room, 1);
		git = open_repository("repo");
		if (git_read(git, &question, &output, &err) == 0)
			(void)raise(SIGTERM);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	shell("ls -A tmp >left; [ ! -s left ]");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_setting_of_a_repository_counts),
		TEST(a_folder_of_tracked_files_is_never_a_repository),
		TEST(variables_of_the_caller_name_no_other_repository),
		TEST(all_forms_of_a_repository_are_read),
		TEST(replaced_objects_do_not_count),
		TEST(what_a_partial_clone_lacks_is_not_fetched),
		TEST(what_is_no_repository_is_not_found),
		TEST(settings_are_those_of_the_file_itself),
		TEST(a_repository_above_belongs_to_somebody_whom_the_caller_trusts),
		TEST(in_a_workspace_its_owner_counts),
		TEST(origin_is_asked_with_the_settings_of_the_repository),
		TEST(origin_of_another_user_is_not_asked),
		TEST(a_remote_helper_that_runs_a_command_is_off),
		TEST(git_that_asks_others_does_not_wait_for_ever),
		TEST(what_git_complains_has_a_limit),
		TEST(the_checkout_goes_with_the_repository),
		TEST(the_checkout_goes_with_a_signal),
	};

	return cmocka_run_group_tests_name("git", tests, NULL, NULL);
}
