/* SPDX-License-Identifier: Apache-2.0 */
/* mounts.h - mounts in a job's root: the user's directories, volumes, files of ours
 *
 * We mount all of them, by descriptor, before an engine sees the root: each target is resolved and
 * created beneath the root (run/root/in_root.h), and engines are not told of them.
 */
#ifndef OCIFP_RUN_ROOT_MOUNTS_H
#define OCIFP_RUN_ROOT_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/strings.h"

struct error;
struct store;

enum mount_kind { MOUNT_BIND, MOUNT_VOLUME, MOUNT_TMPFS };

struct job_mount {
	enum mount_kind kind;
	char *source;  /* a path of the host, the name of a volume, tmpfs options or NULL */
	char *beneath; /* resolve the source below this directory, and refuse it if it leaves; NULL:
			  anywhere.  An absolute path without links. */
	char *target;  /* absolute, within the root */
	bool read_only;
	bool is_new;    /* a volume that was created for this */
	bool is_filled; /* a volume that was filled for this: its whole content gets the user as
			   owner */
	int lock_fd;    /* lock of a volume, while it is used; -1: none */
	int tree_fd;    /* the shifted mount; -1: mount the source */
};

struct job_mounts {
	struct job_mount *items; /* ordered by target: a mount inside another comes later */
	size_t count;
};

/* "HOST:PATH[:ro|rw]": a HOST that starts with '/' or '.' is a path, else a volume of the store. */
int job_mounts_add_volume(struct job_mounts *mounts, const char *text, struct error **err);
int job_mounts_add_tmpfs(struct job_mounts *mounts, const char *text, struct error **err);
int job_mounts_parse(struct job_mounts *mounts, const struct strings *volumes,
		     const struct strings *tmpfs, struct error **err);

/* Adds paths below that directory, whatever links the project has: see `beneath`. */
int job_mounts_parse_beneath(struct job_mounts *mounts, const char *directory,
			     const struct strings *volumes, struct error **err);
void job_mounts_add_file(struct job_mounts *mounts, const char *source, const char *target);

/* Makes volumes with these names project volumes; call it before job_mounts_find(). */
void job_mounts_mark_filled(struct job_mounts *mounts, const struct strings *names);

/* Finds the sources, which become absolute paths; creates missing volumes. */
int job_mounts_find(struct job_mounts *mounts, struct store *store, struct error **err);

/* Makes the mounts show, in that user namespace, the owners that they have here.  For one
 * job_mounts_apply(); class "no_idmap" if that is not possible. */
int job_mounts_shift(struct job_mounts *mounts, int userns_fd, struct error **err);

/* Creates the targets, whose texts are then free of links. */
int job_mounts_settle(struct job_mounts *mounts, int root_fd, struct error **err);

/* In the container.  `made` gets the paths that were created for them. */
int job_mounts_apply(const struct job_mounts *mounts, int root_fd, struct strings *made,
		     struct error **err);

/* In the container: gives a new volume to the job's user. */
int job_mounts_give(const struct job_mounts *mounts, uid_t uid, gid_t gid, struct error **err);

void job_mounts_release(struct job_mounts *mounts);
#define AUTO_JOB_MOUNTS CLEANUP(job_mounts_release)

#endif
