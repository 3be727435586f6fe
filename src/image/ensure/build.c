/* SPDX-License-Identifier: Apache-2.0 */
#include "image/ensure/build.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/resolve/target.h"
#include "project/project.h"
#include "repository/session.h"
#include "store/lock.h"

static const char prefix[] = "ocifp-build-";

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *position)
{
	(void)info;
	(void)type;
	(void)position;
	(void)remove(path);
	return 0;
}

static void
remove_all(const char *path)
{
	/* nftw() would change the working directory, which threads share, only with FTW_CHDIR. */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	(void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* -1: not a directory of ours, or a process has it locked. */
static int
lock_room(const char *path)
{
	AUTO_CLOSE int fd = dir_open_at(AT_FDCWD, path);
	struct stat info;

	/* Without a link it was removed between open and lock. */
	if (fd < 0 || lock_fd_try(fd, LOCK_EXCLUSIVE) != 0 || fstat(fd, &info) < 0 ||
	    info.st_nlink == 0 || info.st_uid != geteuid())
		return -1;
	return TAKE_FD(fd);
}

static void
remove_leftovers(const char *parent)
{
	AUTO_CLOSE int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_STRINGS struct strings names = { 0 };

	if (fd < 0 || dir_names(fd, SIZE_MAX, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (text_starts(names.items[i], prefix)) {
			AUTO_FREE char *path = xasprintf("%s/%s", parent, names.items[i]);
			AUTO_CLOSE int lock_fd = lock_room(path);

			if (lock_fd >= 0)
				remove_all(path);
		}
}

/* *ret_lock_fd -1: another run took the new directory for an abandoned one. */
static int
try_make(const char *parent, char **ret_path, int *ret_lock_fd, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%sXXXXXX", parent, prefix);

	if (!mkdtemp(path))
		return error_set_errno(err, errno, "cannot make a directory in '%s'", parent);
	*ret_lock_fd = lock_room(path);
	*ret_path = TAKE_PTR(path);
	return 0;
}

static int
build_room_make(struct build_room *ret_room, struct error **err)
{
	const char *parent = temporary_folder();
	AUTO_FREE char *path = NULL;
	int lock_fd = -1;

	remove_leftovers(parent);
	for (unsigned tries = 0; lock_fd < 0 && tries < 10; tries++) {
		free(TAKE_PTR(path));
		if (try_make(parent, &path, &lock_fd, err) < 0)
			return -1;
	}
	if (lock_fd < 0)
		return error_set(err, ERROR_LOCAL, "cannot lock a directory in '%s'", parent);
	ret_room->path = TAKE_PTR(path);
	ret_room->lock_fd = lock_fd;
	return 0;
}

static void
build_room_release(struct build_room *room)
{
	if (!room->path)
		return;
	remove_all(room->path);
	(void)close(room->lock_fd);
	free(TAKE_PTR(room->path));
}

static const char need_prefix[] = "OCIFP_NEEDS_";

/* "my-base=REF" becomes "OCIFP_NEEDS_MY_BASE=REF". */
static char *
need_variable(const char *need)
{
	char *variable = xasprintf("%s%s", need_prefix, need);

	for (char *at = variable + strlen(need_prefix); *at && *at != '='; at++)
		*at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
	return variable;
}

/* In byte order, as in the fingerprint's record. */
static int
add_pins(const struct build_options *options, struct strings *variables, struct error **err)
{
	CLEANUP(fingerprint_pairs_release) struct fingerprint_pairs pins = { 0 };
	AUTO_STRINGS struct strings lines = { 0 };
	AUTO_FREE char *value = NULL;

	if (project_pins(options->project, options->target->image, &pins, err) < 0)
		return -1;
	for (size_t i = 0; i < pins.count; i++)
		strings_take(&lines, xasprintf("%s@%s", pins.items[i].key, pins.items[i].value));
	strings_sort(&lines);
	value = strings_join(&lines, "\n");
	strings_take(variables, xasprintf("OCIFP_PINS=%s", value));
	return 0;
}

static void
add_list(const char *name, const char *const *items, struct strings *variables)
{
	char *value;

	if (!items || !*items)
		return;
	value = xasprintf("%s=", name);
	for (const char *const *item = items; *item; item++) {
		AUTO_FREE char *before = value;

		value = xasprintf("%s%s%s", before, item == items ? "" : " ", *item);
	}
	strings_take(variables, value);
}

/* Passes on options of this run, made absolute, because the build runs in another directory. */
static void
add_settings(const struct session_options *session, struct strings *variables)
{
	const char *ca_file = session->registry.loopback_tls ? session->engine.ca_file : NULL;
	AUTO_FREE char *ca_path = ca_file ? realpath(ca_file, NULL) : NULL;
	AUTO_FREE char *store = session->store_path ? realpath(session->store_path, NULL) : NULL;

	if (ca_path)
		strings_take(variables, xasprintf("OCIFP_TLS_CA=%s", ca_path));
	if (store)
		strings_take(variables, xasprintf("OCIFP_STORE=%s", store));
	add_list("OCIFP_PLAIN_HTTP", session->engine.plain_http_hosts, variables);
	add_list("OCIFP_TRUST_REALM", session->registry.trust_realms, variables);
}

static bool
is_of_settings(const char *variable, const struct strings *settings)
{
	size_t size = strcspn(variable, "=");

	for (size_t i = 0; i < settings->count; i++)
		if (strncmp(settings->items[i], variable, size + 1) == 0)
			return true;
	return false;
}

/* Variables of the contract are set or cleared by us; settings such as OCIFP_STORE stay the user's.
 */
static bool
is_of_contract(const char *variable)
{
	static const char *const names[] = {
		"OCIFP_REF=",  "OCIFP_FINGERPRINT=", "OCIFP_PLATFORMS=", "OCIFP_OUTPUT=",
		"OCIFP_PINS=", "OCIFP_BUILD=",       "OCIFP_IMAGE=",     "OCIFP_NEEDS_"
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (text_starts(variable, names[i]))
			return true;
	return false;
}

static int
fill_environment(const struct build_options *options, const char *output, struct strings *variables,
		 struct error **err)
{
	const struct target *target = options->target;
	AUTO_FREE char *platforms = platforms_format(options->platforms, ",");
	AUTO_FREE char *name = target_name(target, 0);
	AUTO_STRINGS struct strings settings = { 0 };

	add_settings(options->session, &settings);
	for (char **variable = environ; *variable; variable++)
		if (!is_of_contract(*variable) && !is_of_settings(*variable, &settings))
			strings_add(variables, *variable);
	for (size_t i = 0; i < settings.count; i++)
		strings_add(variables, settings.items[i]);
	strings_add(variables, "OCIFP_BUILD=1");
	strings_take(variables, xasprintf("OCIFP_IMAGE=%s", target->image->name));
	strings_take(variables, xasprintf("OCIFP_REF=%s", name));
	strings_take(variables, xasprintf("OCIFP_FINGERPRINT=%s",
					  digest_hex(&target->fingerprint.digest).text));
	strings_take(variables, xasprintf("OCIFP_PLATFORMS=%s", platforms));
	strings_take(variables, xasprintf("OCIFP_OUTPUT=%s", output));
	for (size_t i = 0; i < options->needs->count; i++)
		strings_take(variables, need_variable(options->needs->items[i]));
	return add_pins(options, variables, err);
}

static int
run_command(const struct build_options *options, const struct build_room *room, const char *output,
	    struct error **err)
{
	const char *command = options->target->image->build;
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	AUTO_STRINGS struct strings variables = { 0 };
	struct spawn_options spawn = {
		.argv = argv,
		.directory = options->target->directory,
		.deadline_ms = options->deadline_ms,
		/* The directory stays locked while any process of the build is alive. */
		.held_fd = room->lock_fd,
	};
	struct spawn_result result = { 0 };

	if (fill_environment(options, output, &variables, err) < 0)
		return -1;
	spawn.environment = (const char *const *)variables.items;
	if (spawn_run(&spawn, &result, err) < 0)
		return error_wrap(err, "cannot run the build command");
	if (result.timed_out)
		return error_set(err, ERROR_TIMEOUT, "the build command took too long");
	if (result.exit_status == 0)
		return 0;
	error_set(err, ERROR_BUILD, "the build command '%s' failed with status %d", QUOTED(command),
		  result.exit_status);
	return error_set_class(err, CLASS_BUILD);
}

int
build_run(const struct build_options *options, struct build_output *ret_output, struct error **err)
{
	AUTO_FREE char *path = NULL;
	struct stat info;

	if (build_room_make(&ret_output->room, err) < 0)
		return -1;
	path = xasprintf("%s/image", ret_output->room.path);
	if (run_command(options, &ret_output->room, path, err) < 0)
		return -1;
	/* A layout directory, or a tar whose content decides its kind. */
	if (lstat(path, &info) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_set_errno(err, errno, "cannot read the attributes of '%s'", path);
	}
	if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))
		return error_set(err, ERROR_BUILD,
				 "the build command wrote neither a directory nor "
				 "a file as $OCIFP_OUTPUT");
	ret_output->is_there = true;
	ret_output->location.transport =
		S_ISDIR(info.st_mode) ? TRANSPORT_LAYOUT : TRANSPORT_OCI_ARCHIVE;
	ret_output->location.path = xstrdup(path);
	return 0;
}

void
build_output_release(struct build_output *output)
{
	build_room_release(&output->room);
	location_release(&output->location);
}
