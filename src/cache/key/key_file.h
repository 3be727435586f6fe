/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.h - the part of a key file that describes the dependencies of a build
 *
 * Cargo.toml and Cargo.lock without the versions of the workspace's own packages, as in
 * cargo-chef's recipe: a release of the project itself changes no dependency.
 */
#ifndef OCIFP_CACHE_KEY_KEY_FILE_H
#define OCIFP_CACHE_KEY_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"

struct buf;
struct error;

/* The file's `name` decides its format.  The caller owns the text. */
char *key_file_mask(const char *name, const char *text);

/* "NAME VERSION" of each package in a lock file, in its order; nothing for another file.  For
 * Cargo.lock and uv.lock, package-lock.json and go.sum. */
void key_file_packages(const char *name, const char *text, struct strings *ret_packages);

/* Reads a file of the project; its path must not leave the project.  ERROR_USAGE: it does, it is
 * not a file, or it is missing, unless `is_optional`: then *ret_found is false. */
int key_file_read(const char *directory, const char *path, bool is_optional, struct buf *ret_bytes,
		  bool *ret_found, struct error **err);

#endif
