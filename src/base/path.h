/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - the parts of a path, by its text alone */
#ifndef OCIFP_BASE_PATH_H
#define OCIFP_BASE_PATH_H

#include <stdbool.h>

/* What follows the last '/'; all of a path without one. */
const char *path_name(const char *path);

/* What the name is in: "." for a path without a '/', "/" for one directly below; the caller owns
 * it. */
char *path_folder(const char *path);

/* Cuts the name off an absolute path; false: it is "/". */
bool path_go_up(char *path);

#endif
