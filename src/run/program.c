/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/job.h"
#include "run/root/in_root.h"

/* Checked before the engine starts, because engines report these errors poorly. */
enum found { FOUND_NOTHING, FOUND_UNFIT, FOUND_PROGRAM };

static const unsigned interpreters_most = 4; /* as in the kernel: a script of a script of ... */

static bool
may_execute(const struct job *job, const struct stat *status)
{
	const struct job_user *user = &job->user;

	if (user->uid == 0)
		return status->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH);
	if (status->st_uid == (job->owns_files ? 0 : user->uid))
		return status->st_mode & S_IXUSR;
	if (status->st_gid == user->gid)
		return status->st_mode & S_IXGRP;
	for (size_t i = 0; i < user->group_count; i++)
		if (status->st_gid == user->groups[i])
			return status->st_mode & S_IXGRP;
	return status->st_mode & S_IXOTH;
}

/* Whether the user may enter all directories above it; the path is free of links. */
static bool
may_reach(const struct job *job, int root_fd, const char *path)
{
	const struct job_user *user = &job->user;
	AUTO_FREE char *folder = xstrdup(path);

	if (user->uid == 0)
		return true;
	for (char *end; (end = strrchr(folder, '/')) && end > folder;) {
		AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
		AUTO_ERROR struct error *unfound = NULL;
		struct stat status;
		bool found = false;

		*end = '\0';
		if (in_root_find_through(root_fd, job->unmounted, folder, &place, &found,
					 &unfound) < 0 ||
		    !found || fstat(place.fd, &status) < 0 || !may_execute(job, &status))
			return false;
	}
	return true;
}

static enum found
look(const struct job *job, int root_fd, const char *path, struct in_root *ret_place)
{
	AUTO_ERROR struct error *error = NULL;
	struct stat status;
	bool found = false;

	if (in_root_find_through(root_fd, job->unmounted, path, ret_place, &found, &error) < 0 ||
	    !found)
		return FOUND_NOTHING;
	if (fstat(ret_place->fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    !may_execute(job, &status) || !may_reach(job, root_fd, ret_place->path))
		return FOUND_UNFIT;
	return FOUND_PROGRAM;
}

/* As engines do: the first executable one; else whether there is one that is not executable. */
static enum found
look_in_path(const struct job *job, int root_fd, const char *name, struct in_root *ret_place)
{
	const char *said = env_find(&job->env, "PATH");
	AUTO_FREE char *path = xstrdup(said ? said : "");
	enum found best = FOUND_NOTHING;
	char *rest = path;
	char *folder;

	while ((folder = strsep(&rest, ":"))) {
		AUTO_FREE char *full =
			xasprintf("%s/%s/%s", *folder == '/' ? "" : job->directory, folder, name);
		enum found found = look(job, root_fd, full, ret_place);

		if (found == FOUND_PROGRAM)
			return found;
		in_root_release(ret_place);
		if (found == FOUND_UNFIT)
			best = found;
	}
	return best;
}

static enum found
look_for(const struct job *job, int root_fd, const char *name, struct in_root *ret_place)
{
	AUTO_FREE char *full = NULL;

	if (!strchr(name, '/'))
		return look_in_path(job, root_fd, name, ret_place);
	full = xasprintf("%s/%s", *name == '/' ? "" : job->directory, name);
	return look(job, root_fd, full, ret_place);
}

/* Formats that this kernel starts by itself. */
static bool
is_machine_of_ours(uint16_t machine)
{
#if defined(__x86_64__)
	return machine == EM_X86_64 || machine == EM_386;
#elif defined(__aarch64__)
	return machine == EM_AARCH64 || machine == EM_ARM;
#else
	(void)machine;
	return true;
#endif
}

/* Whether the kernel runs programs of other architectures in an emulator. */
static bool
has_emulators(void)
{
	DIR *directory = opendir("/proc/sys/fs/binfmt_misc");
	const struct dirent *entry;
	bool found = false;

	if (!directory)
		return false;
	/* One stream of our own: readdir() is safe. */
	while (!found && (entry = readdir(directory))) // NOLINT(concurrency-mt-unsafe)
		found = text_starts(entry->d_name, "qemu-");
	(void)closedir(directory);
	return found;
}

static int
refuse(const char *name, enum error_kind kind, const char *why, struct error **err)
{
	return error_set(err, kind, "cannot start '%s': %s", QUOTED(name), why);
}

/* "#! interpreter argument": the interpreter, or NULL.  The caller owns it. */
static char *
interpreter_of(char *line)
{
	char *start = line + 2 + strspn(line + 2, " \t");
	size_t size = strcspn(start, " \t\n");

	return size > 0 ? xstrndup(start, size) : NULL;
}

static ssize_t
read_head(const struct in_root *place, char *head, size_t size)
{
	AUTO_CLOSE int fd = in_root_open(place);

	return fd < 0 ? -1 : read(fd, head, size);
}

/* *ret_next: the interpreter, to be checked too; NULL: none. */
static int
check_format(const char *name, const struct in_root *place, char **ret_next, struct error **err)
{
	char head[PATH_LIMIT_BYTES] = "";
	ssize_t size = read_head(place, head, sizeof(head) - 1);

	if (size < 0) /* executable but not readable: the kernel will decide */
		return 0;
	if (size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
		Elf32_Half machine;

		if ((size_t)size < offsetof(Elf64_Ehdr, e_machine) + sizeof(machine))
			return refuse(name, ERROR_NOT_INVOKED, "it is truncated", err);
		memcpy(&machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof(machine));
		if (is_machine_of_ours(machine) || has_emulators())
			return 0;
		refuse(name, ERROR_NOT_INVOKED, "it was built for another architecture", err);
		error_set_class(err, CLASS_FOREIGN_PLATFORM);
		return error_set_hint(
			err, "choose a --platform of this machine, or install qemu-user-static");
	}
	if (size > 2 && memcmp(head, "#!", 2) == 0)
		*ret_next = interpreter_of(head);
	if (*ret_next)
		return 0;
	return refuse(name, ERROR_NOT_INVOKED, "it is neither a program nor a script", err);
}

int
job_check_program(const struct job *job, int root_fd, struct error **err)
{
	AUTO_FREE char *name = xstrdup(job->args.items[0]);

	for (unsigned i = 0; name && i <= interpreters_most; i++) {
		AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
		enum found found = look_for(job, root_fd, name, &place);
		char *next = NULL;

		switch (found) {
		case FOUND_NOTHING:
			return refuse(name, ERROR_NOT_FOUND, "the image has no such program", err);
		case FOUND_UNFIT:
			return refuse(name, ERROR_NOT_INVOKED, "it cannot be executed", err);
		case FOUND_PROGRAM:
			break;
		}
		if (check_format(name, &place, &next, err) < 0)
			return -1;
		free(name);
		name = next;
	}
	return 0;
}
