/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - the parts of a path, from its text alone */
#ifndef OCIFP_BASE_PATH_H
#define OCIFP_BASE_PATH_H

#include <stdbool.h>

/* The part after the last '/'; the whole path without one. */
const char *path_name(const char *path);

/* The folder of the name: "." for a path without '/', "/" for "/name".  The caller owns it. */
char *path_folder(const char *path);

/* By whole components; a path is below itself, and everything is below the empty path and "/". */
bool path_is_below(const char *path, const char *ancestor);

/* Cuts the last name off an absolute path; false: the path is "/". */
bool path_go_up(char *path);

#endif
