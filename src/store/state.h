/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - an open store, for the files of store/
 *
 * Finished blobs wait as locked .part files until store_commit() makes them visible.
 */
#ifndef OCIFP_STORE_STATE_H
#define OCIFP_STORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "oci/digest.h"
#include "store/lock.h"
#include "store/store.h"

struct buf;
struct error;
struct observer;
struct workers;

#define STORE_FOLDER ".ocifp"
#define STORE_INGEST STORE_FOLDER "/ingest"
#define STORE_LAYERS STORE_FOLDER "/layers"
#define STORE_QUARANTINE STORE_FOLDER "/quarantine"
#define STORE_SPARE STORE_FOLDER "/spare"
#define STORE_VERSION STORE_FOLDER "/version"
#define STORE_INDEX_LOCK "index.lock"
#define STORE_GC_LOCK "gc.lock"

/* .ocifp/ingest/<alg>-<hex>.part: a blob that is not published yet.  Its writer locks it (flock). A
 * finished part is complete and checked, and stays locked until store_commit() renames it. */
struct part {
	struct digest digest;
	uint64_t size_bytes;
	char *path; /* beneath the store */
	int fd;
};

struct store {
	char *path;
	int fd;                  /* the layout directory */
	bool for_reading;        /* STORE_READ: never written, never locked */
	bool is_writable;        /* false also if the file system or the modes forbid it */
	bool is_own;             /* has .ocifp/version: we set its modes, and .ocifp stays */
	bool is_foreign;         /* has not: .ocifp is removed once it is empty */
	bool is_new;             /* created by this open */
	bool is_new_folder;      /* and so was its directory */
	bool removes_unused;     /* see store_remove_unused() */
	int gc_lock_fd;          /* -1: not held */
	size_t ingest_count;     /* open ones */
	struct workers *hashers; /* NULL: not needed yet */
	int64_t lock_timeout_ms;
	struct lock_wait busy; /* for blobs that other processes write */
	struct observer *observer;
	struct part *parts;
	size_t part_count;
};

/* Modes of new files and folders: fixed in the user's own store, subject to the umask elsewhere. */
mode_t store_file_mode(const struct store *store);
mode_t store_folder_mode(const struct store *store);

/* The threads that hash downloads, started by the first call and stopped with the last ingest, so
 * that a process that starts a job has no threads.  NULL: none could be started. */
struct workers *store_hashers(struct store *store);
void store_end_ingest(struct store *store);

/* Prepends "store '<its path>': ". */
int store_wrap(const struct store *store, struct error **err);

int store_check_writable(const struct store *store, struct error **err);

/* Also keeps gc away, until store_release_blobs(). */
int store_hold_blobs(struct store *store, struct error **err);

/* "blobs/sha256", "blobs/sha256/<hex>"; the caller owns them. */
char *blob_folder(enum digest_algorithm algorithm);
char *blob_path(const struct digest *digest);

/* True for the name of a blob in blobs/<algorithm>. */
bool blob_parse_name(enum digest_algorithm algorithm, const char *name, struct digest *ret_digest);

/* A document, checked against its digest: ERROR_CONTENT, class "digest".  Takes no lock. */
int blob_read(const struct store *store, const struct digest *digest, struct buf *buf,
	      bool *ret_found, struct error **err);

/* *ret_fd -1: not in the store, not among its finished parts, or of another size. */
int blob_find(const struct store *store, const struct digest *digest, uint64_t size_bytes,
	      int *ret_fd, struct error **err);

/* Moves a file to quarantine.  With `fd` (else -1): only if the path still names that file. */
int store_quarantine(struct store *store, const char *path, int fd, struct error **err);

/* Opens or creates the part of a blob and locks it; sets only path and fd.  fd -1: another process
 * holds it; the path is then set too. */
int part_open(struct store *store, const struct digest *digest, struct part *ret_part,
	      struct error **err);

/* Creates a part under a random name, for this process alone. */
int part_create(struct store *store, const struct digest *digest, struct part *ret_part,
		struct error **err);

/* Removes an unfinished part, and zeroes it but for fd -1. */
void part_drop(const struct store *store, struct part *part);

/* Closes an unfinished part, and removes it if it is empty. */
void part_leave(const struct store *store, const char *path, int fd);

/* Adds a finished part to the next commit.  Takes path and fd, also on failure. */
int store_take_part(struct store *store, struct part *part, struct error **err);
void store_drop_parts(struct store *store); /* unlocks the finished parts; their files stay */

#endif
