/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.h - what a file of the key says about the dependencies of a build
 *
 * Of Cargo.toml and Cargo.lock without the versions of the workspace's own packages, as
 * cargo-chef's recipe does: a release of the project itself changes no dependency.
 */
#ifndef OCIFP_CACHE_KEY_KEY_FILE_H
#define OCIFP_CACHE_KEY_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"

struct buf;
struct error;

/* `name` tells the form.  The caller owns the text. */
char *key_file_mask(const char *name, const char *text);

/* "NAME VERSION" of each package that a lock file has, in its order; nothing for another file.  Of
 * Cargo.lock and uv.lock, package-lock.json and go.sum. */
void key_file_packages(const char *name, const char *text, struct strings *ret_packages);

/* Reads a file of the project, which must not lead out of it.  ERROR_USAGE: it does, it is not a
 * file, or it is not there; then *ret_found false and no error with `is_optional`. */
int key_file_read(const char *directory, const char *path, bool is_optional, struct buf *ret_bytes,
		  bool *ret_found, struct error **err);

#endif
