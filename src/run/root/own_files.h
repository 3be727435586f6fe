/* SPDX-License-Identifier: Apache-2.0 */
/* own_files.h - etc/hosts, etc/hostname and etc/resolv.conf as a job expects them */
#ifndef OCIFP_RUN_ROOT_OWN_FILES_H
#define OCIFP_RUN_ROOT_OWN_FILES_H

#include <stdbool.h>

struct error;
struct job_mounts;
struct root;

/* Written beside the root and mounted into it, so that the image's stay as they are.  A mount of
 * the user's at such a place stays alone. */
int own_files_add(const struct root *root, const char *hostname, bool own_network,
		  struct job_mounts *mounts, struct error **err);

#endif
