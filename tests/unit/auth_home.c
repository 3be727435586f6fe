/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_home.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"

static const char *const variables[] = {
	"REGISTRY_AUTH_FILE",
	"DOCKER_CONFIG",
	"XDG_RUNTIME_DIR",
	"XDG_CONFIG_HOME",
	"XDG_CACHE_HOME",
	"GITHUB_TOKEN",
	"GH_TOKEN",
	"GITHUB_ACTOR",
	"GITHUB_ACTIONS",
	"RUNNER_TEMP",
	"GITHUB_SERVER_URL",
	"GITHUB_API_URL",
	"FORGEJO_ACTIONS",
	"GITEA_ACTIONS",
	"DOCKER_AUTH_CONFIG",
	"GITLAB_CI",
	"CI_REGISTRY",
	"CI_REGISTRY_USER",
	"CI_REGISTRY_PASSWORD",
	"CI_JOB_TOKEN",
	"CI_SERVER_URL",
};

int
enter_home(void **state)
{
	char *path = xstrdup("/tmp/ocifp-unit.XXXXXX");
	AUTO_FREE char *programs = NULL;

	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		assert_int_equal(unsetenv(variables[i]), 0);
	programs = xasprintf("%s/bin:/usr/bin:/bin", path);
	assert_int_equal(setenv("PATH", programs, 1), 0);
	assert_int_equal(setenv("HOME", path, 1), 0);
	*state = path;
	return 0;
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

int
leave_home(void **state)
{
	AUTO_FREE char *path = *state;

	assert_int_equal(chdir("/"), 0);
	return nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void
write_home_file(const char *path, mode_t mode, const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;

	if (folder)
		assert_int_equal(dir_make(folder, 0700, &err), 0);
	assert_int_equal(file_replace(AT_FDCWD, path, mode, text, strlen(text), &err), 0);
	assert_int_equal(chmod(path, mode), 0);
}

char *
read_home_file(const char *path)
{
	AUTO_BUF struct buf bytes = BUF_INIT(MIB);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(file_read(AT_FDCWD, path, &bytes, &err), 0);
	return bytes.size ? buf_take(&bytes) : xstrdup("");
}

mode_t
home_file_mode(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 07777;
}

void
write_helper(const char *name, const char *script)
{
	AUTO_FREE char *path = xasprintf("bin/docker-credential-%s", name);
	AUTO_FREE char *text = xasprintf("#!/bin/sh\n%s\n", script);

	write_home_file(path, 0755, text);
}
