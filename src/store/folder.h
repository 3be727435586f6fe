/* folder.h - paths beneath a store, none of whose components may be a symbolic link
 *
 * A link that somebody planted is refused and its target left alone.
 */
#ifndef OCIFP_STORE_FOLDER_H
#define OCIFP_STORE_FOLDER_H

#include "base/strings.h"

struct error;
struct store;

/* An open directory.  The first gives -1 in *ret_fd when it is not there; the second makes what is
 * missing. */
int folder_find(const struct store *store, const char *path, int *ret_fd, struct error **err);
int folder_make(const struct store *store, const char *path, struct error **err);

/* The same for callers with a plan of their own: -1 with errno. */
int folder_try(const struct store *store, const char *path);

/* A regular file for reading; *ret_fd -1: not there. */
int folder_find_file(const struct store *store, const char *path, int *ret_fd, struct error **err);

/* Names in a directory, sorted, without "." and ".."; none when it is not there. */
int folder_list(const struct store *store, const char *path, struct strings *ret_names,
		struct error **err);

/* The same and the directory, as folder_find(). */
int folder_find_names(const struct store *store, const char *path, int *ret_fd,
		      struct strings *ret_names, struct error **err);

/* Renames within the store; the target's folder is made. */
int folder_move(const struct store *store, const char *from, const char *to, struct error **err);
int folder_remove_file(const struct store *store, const char *path, struct error **err);

/* ERROR_LOCAL "cannot <doing> '<store>/<path>'", with a hint for the causes that have one. */
int folder_fail(const struct store *store, int errnum, const char *doing, const char *path,
		struct error **err);

#endif
