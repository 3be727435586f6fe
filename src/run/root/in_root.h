/* SPDX-License-Identifier: Apache-2.0 */
/* in_root.h - paths of an image, resolved as if its root were "/"
 *
 * Links are followed component by component from the root's descriptor, absolute ones from the root
 * again, ".." never above it, so that nothing in a hostile image leads onto the host.  The result
 * is free of links, so it can be mounted on by its text.
 */
#ifndef OCIFP_RUN_ROOT_IN_ROOT_H
#define OCIFP_RUN_ROOT_IN_ROOT_H

#include <stdbool.h>

#include "base/strings.h"

struct error;
struct job_mounts;

struct in_root {
	int fd;     /* O_PATH */
	char *path; /* "/app/target"; "/" */
};

#define IN_ROOT_INIT ((struct in_root){ .fd = -1 })

enum in_root_make {
	MAKE_NOTHING,
	MAKE_FILE, /* empty, 0644; directories above it 0755 */
	MAKE_DIRECTORY,
};

/* *ret_found false: missing, or a file in place of a directory. */
int in_root_find(int root_fd, const char *path, struct in_root *ret_place, bool *ret_found,
		 struct error **err);

/* Creates missing components, and adds their paths to `made` (NULL: not wanted).  ERROR_CONTENT:
 * something of the other kind is there. */
int in_root_make(int root_fd, const char *path, enum in_root_make make, struct strings *made,
		 struct in_root *ret_place, struct error **err);

/* The same with mounts that an engine makes later, for a bundle: a path continues in their sources.
 * Their targets are free of links.  A tmpfs is still empty, and nothing is created in it: `fd` is
 * then the directory that it will hide. */
int in_root_find_through(int root_fd, const struct job_mounts *mounts, const char *path,
			 struct in_root *ret_place, bool *ret_found, struct error **err);
int in_root_make_through(int root_fd, const struct job_mounts *mounts, const char *path,
			 enum in_root_make make, struct strings *made, struct in_root *ret_place,
			 struct error **err);

/* Opens a regular file for reading; for anything else -1 with errno. */
int in_root_open(const struct in_root *place);

void in_root_release(struct in_root *place);
#define AUTO_IN_ROOT CLEANUP(in_root_release)

#endif
