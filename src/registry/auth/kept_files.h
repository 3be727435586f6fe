/* kept_files.h - small secrets in JSON, in a directory of the user's own
 *
 * Mode 0700, files 0600, made when something is written.  Nothing here fails: a directory that is
 * not ours alone is empty and stays as it is.
 */
#ifndef OCIFP_REGISTRY_AUTH_KEPT_FILES_H
#define OCIFP_REGISTRY_AUTH_KEPT_FILES_H

#include <time.h>

#include <jansson.h>

struct kept_files {
	char *path;
	int dir_fd; /* -1: not opened yet */
};

struct kept_files kept_files_at(const char *path);
void kept_files_release(struct kept_files *files);

/* The caller's reference; NULL: not there, or not fit to be read. */
json_t *kept_files_read(struct kept_files *files, const char *name);

/* Takes the entry. */
void kept_files_write(struct kept_files *files, const char *name, json_t *entry);
void kept_files_remove(struct kept_files *files, const char *name);

/* Removes those with this suffix that were last written at `limit` or before. */
void kept_files_sweep(struct kept_files *files, const char *suffix, time_t limit);

#endif
