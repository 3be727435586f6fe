/* SPDX-License-Identifier: Apache-2.0 */
/* mounts.h - what is mounted into a root: the user's directories, volumes, files of ours
 *
 * All of it is mounted by us, onto descriptors, before an engine sees the root: the target is
 * resolved and made beneath the root (run/root/in_root.h), and no engine is told of it.
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
	char *beneath; /* the source is resolved below this directory, and refused when it leaves;
			* NULL: anywhere.  An absolute path without links. */
	char *target;  /* absolute, in the image's eyes */
	bool read_only;
	bool is_new;    /* a volume that was made for this */
	bool is_filled; /* a volume that was filled for this: as new, with all that is in it */
	int lock_fd;    /* of a volume, while it is used; -1: none */
	int tree_fd;    /* what is to be mounted, when it was shifted; -1: the source */
};

struct job_mounts {
	struct job_mount *items; /* in the order of their targets: what is inside comes later */
	size_t count;
};

/* "HOST:PATH[:ro|rw]": HOST with a '/' or '.' in front is a path, else a volume of the store. */
int job_mounts_add_volume(struct job_mounts *mounts, const char *text, struct error **err);
int job_mounts_add_tmpfs(struct job_mounts *mounts, const char *text, struct error **err);
int job_mounts_parse(struct job_mounts *mounts, const struct strings *volumes,
		     const struct strings *tmpfs, struct error **err);

/* Paths below that directory, whatever links the project has: see `beneath`. */
int job_mounts_parse_beneath(struct job_mounts *mounts, const char *directory,
			     const struct strings *volumes, struct error **err);
void job_mounts_add_file(struct job_mounts *mounts, const char *source, const char *target);

/* Of the volumes with these names; before job_mounts_find(). */
void job_mounts_mark_filled(struct job_mounts *mounts, const struct strings *names);

/* Finds the sources, which are absolute paths then; volumes that are not there are made. */
int job_mounts_find(struct job_mounts *mounts, struct store *store, struct error **err);

/* What is mounted has, for a job in that user namespace, the owners that it has here.  For one
 * job_mounts_apply(); class "no_idmap" where that cannot be. */
int job_mounts_shift(struct job_mounts *mounts, int userns_fd, struct error **err);

/* Makes the targets, whose texts are free of links then. */
int job_mounts_settle(struct job_mounts *mounts, int root_fd, struct error **err);

/* In the container.  `made` gets what had to be made for them. */
int job_mounts_apply(const struct job_mounts *mounts, int root_fd, struct strings *made,
		     struct error **err);

/* In the container: a new volume belongs to who uses it first. */
int job_mounts_give(const struct job_mounts *mounts, uid_t uid, gid_t gid, struct error **err);

void job_mounts_release(struct job_mounts *mounts);
#define AUTO_JOB_MOUNTS CLEANUP(job_mounts_release)

#endif
