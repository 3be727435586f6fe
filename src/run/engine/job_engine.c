/* SPDX-License-Identifier: Apache-2.0 */
#include "run/engine/job_engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/job.h"
#include "run/root/root.h"
#include "sandbox/id_map.h"

static const struct engine *const engines[] = { &engine_crun, &engine_runc, &engine_bwrap, NULL };

/* Users' PATH often lacks the last two, where Debian installs runc. */
static const char more_folders[] = ":/usr/local/sbin:/usr/sbin";

static bool
is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Absolute path; NULL: not installed. */
static char *
find_program(const char *name)
{
	const char *said = environment_find("PATH");
	AUTO_FREE char *folders = xasprintf("%s%s", said ? said : "/usr/bin:/bin", more_folders);
	char *rest = folders;
	char *folder;

	while ((folder = strsep(&rest, ":"))) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, name);

		if (*folder == '/' && is_program(path))
			return TAKE_PTR(path);
	}
	return NULL;
}

const struct engine *
engine_find(const char *name, char **ret_program, struct error **err)
{
	for (const struct engine *const *engine = engines; *engine; engine++) {
		if (name && strcmp(name, (*engine)->name) != 0)
			continue;
		*ret_program = find_program((*engine)->name);
		if (*ret_program)
			return *engine;
	}
	if (name)
		error_set(err, ERROR_FAILURE, "'%s' is not installed", name);
	else
		error_set(err, ERROR_FAILURE, "no engine is installed: crun, runc or bwrap");
	error_set_class(err, CLASS_ENGINE);
	error_set_hint(err, "for instance: apt install crun");
	return NULL;
}

/* The last line that is not empty. */
static char *
last_line(char *text)
{
	char *end = text + strlen(text);

	while (end > text && end[-1] == '\n')
		*--end = '\0';
	while (end > text && end[-1] != '\n')
		end--;
	return end;
}

/* Only its end, if it is long. */
static int
read_log(const struct root *root, const char *name, struct buf *buf, struct error **err)
{
	AUTO_CLOSE int fd = file_open(root->fd, name, err);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && (uint64_t)status.st_size > buf->limit)
		(void)lseek(fd, -(off_t)buf->limit, SEEK_END);
	return fd_read_all(fd, buf, name, err);
}

bool
engine_maps_user(const struct engine_start *start)
{
	return start->map->kind == ID_MAP_OWN &&
	       (start->job->user.uid != 0 || start->job->user.gid != 0);
}

int
engine_fail(const struct engine_start *start, const char *log_name, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(ENGINE_LOG_LIMIT_BYTES);
	AUTO_ERROR struct error *unread = NULL;

	(void)read_log(start->root, log_name, &buf, &unread);
	error_set(err, ERROR_FAILURE, "%s could not start the job: %s", start->program,
		  QUOTED(buf.data ? last_line(buf.data) : "no message"));
	error_set_class(err, CLASS_ENGINE);
	return error_set_hint(err, "another one may: --runtime crun, runc or bwrap");
}
