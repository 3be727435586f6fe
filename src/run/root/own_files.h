/* SPDX-License-Identifier: Apache-2.0 */
/* own_files.h - etc/hosts, etc/hostname and etc/resolv.conf for a job */
#ifndef OCIFP_RUN_ROOT_OWN_FILES_H
#define OCIFP_RUN_ROOT_OWN_FILES_H

#include <stdbool.h>

struct error;
struct job_mounts;
struct root;

/* Writes them beside the root and mounts them, so that the image's files are not changed.  A mount
 * of the user's at such a place takes precedence. */
int own_files_add(const struct root *root, const char *hostname, bool own_network,
		  struct job_mounts *mounts, struct error **err);

#endif
