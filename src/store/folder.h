/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - paths below a store, without symbolic links
 *
 * A component that is a symbolic link is refused, and its target not touched.
 */
#ifndef OCIFP_STORE_FOLDER_H
#define OCIFP_STORE_FOLDER_H

#include "base/strings.h"

struct error;
struct store;

/* Opens a directory.  The first sets *ret_fd to -1 if it does not exist; the second creates it. */
int folder_find(const struct store *store, const char *path, int *ret_fd, struct error **err);
int folder_make(const struct store *store, const char *path, struct error **err);

/* Like folder_find(), but -1 with errno. */
int folder_try(const struct store *store, const char *path);

/* Opens a regular file for reading; *ret_fd -1: it does not exist. */
int folder_find_file(const struct store *store, const char *path, int *ret_fd, struct error **err);

/* The names in a directory, sorted, without "." and ".."; none if it does not exist. */
int folder_list(const struct store *store, const char *path, struct strings *ret_names,
		struct error **err);

/* The same, and the open directory as from folder_find(). */
int folder_find_names(const struct store *store, const char *path, int *ret_fd,
		      struct strings *ret_names, struct error **err);

/* Renames within the store; creates the target's folder. */
int folder_move(const struct store *store, const char *from, const char *to, struct error **err);
int folder_remove_file(const struct store *store, const char *path, struct error **err);

/* ERROR_LOCAL "cannot <doing> '<store>/<path>'", with a hint for some causes. */
int folder_fail(const struct store *store, int errnum, const char *doing, const char *path,
		struct error **err);

#endif
