/* SPDX-License-Identifier: Apache-2.0 */
/* paths.h - names of inputs: relative, in one spelling, below the directory
 *
 * ocifp-fingerprint(7), "Paths".  The directory itself is the empty path.
 */
#ifndef OCIFP_FINGERPRINT_PATHS_H
#define OCIFP_FINGERPRINT_PATHS_H

#include <stdbool.h>

#include "base/path.h"

struct error;
struct strings;

/* Without ".", "//" and a "/" at the end; the caller owns it.  NULL, ERROR_USAGE: absolute, empty
 * or with "..". */
char *path_normalise(const char *named, struct error **err);

/* path_is_below() one of them. */
bool path_is_below_any(const char *path, const struct strings *ancestors);

/* Files that git and ocifp write themselves, in any directory. */
bool path_never_enters(const char *path);

/* "directory/name", the caller owns it; ERROR_USAGE past PATH_LIMIT_BYTES. */
char *path_join(const char *directory, const char *name, struct error **err);

/* The path in the form that openat() accepts. */
const char *path_to_open(const char *path);

#endif
