/* state.h - an open store, seen from inside
 *
 * Finished blobs that are not committed yet wait here as locked .part files; store_commit() makes
 * them visible.
 */
#ifndef OCIFP_STORE_STATE_H
#define OCIFP_STORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "oci/digest.h"
#include "store/lock.h"
#include "store/part.h"

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

struct store {
	char *path;
	int fd;           /* the layout directory */
	bool for_reading; /* opened so: never written, never locked */
	bool is_writable; /* false also where the file system or the modes forbid it */
	bool is_own;      /* has .ocifp/version: its modes are ours and .ocifp stays */
	bool is_foreign;  /* has not: .ocifp goes once it is empty */
	bool is_new;      /* made when it was opened, and so was its folder */
	bool is_new_folder;
	bool removes_unused;     /* see store_remove_unused() */
	int gc_lock_fd;          /* -1: not held */
	size_t ingest_count;     /* open ones */
	struct workers *hashers; /* NULL: not needed yet */
	int64_t lock_timeout_ms;
	struct lock_wait busy; /* for blobs that other processes are at */
	struct observer *observer;
	struct part *parts;
	size_t part_count;
};

/* Modes for what we make: constant in the user's own store, up to the umask elsewhere. */
mode_t store_file_mode(const struct store *store);
mode_t store_folder_mode(const struct store *store);

/* The user's own store must not be chosen by, nor belong to, somebody else.  ERROR_LOCAL,
 * ERROR_USAGE */
int own_check_link(const struct store *store, struct error **err);
int own_check_owner(const struct store *store, struct error **err);

/* The threads that hash what arrives, started with the first call and gone with the last ingest:
 * who starts a job has no threads.  NULL where they are refused. */
struct workers *store_hashers(struct store *store);
void store_end_ingest(struct store *store);

/* For messages: "<path of the store>/<path>", and to put "store '<its path>': " before one. */
char *store_full_path(const struct store *store, const char *path);
int store_wrap(const struct store *store, struct error **err);

int store_check_writable(const struct store *store, struct error **err);

/* Checks that and keeps gc away until store_release_blobs(). */
int store_hold_blobs(struct store *store, struct error **err);
void store_release_blobs(struct store *store);

/* Finished blobs that nobody wants any more. */
void store_discard_parts(struct store *store);

/* "blobs/sha256", "blobs/sha256/<hex>"; the caller owns them. */
char *blob_folder(enum digest_algorithm algorithm);
char *blob_path(const struct digest *digest);

/* True for the name of a blob in blobs/<algorithm>. */
bool blob_parse_name(enum digest_algorithm algorithm, const char *name, struct digest *ret_digest);

/* A document, checked against its digest: ERROR_CONTENT, class "digest".  Takes no lock. */
int blob_read(const struct store *store, const struct digest *digest, struct buf *buf,
	      bool *ret_found, struct error **err);

/* *ret_fd -1: neither in the store nor among its finished parts, or not of this size. */
int blob_find(const struct store *store, const struct digest *digest, uint64_t size_bytes,
	      int *ret_fd, struct error **err);

/* Moves a file to quarantine; `fd` (or -1) says which one is meant, should the name have got
 * another file meanwhile. */
int store_quarantine(struct store *store, const char *path, int fd, struct error **err);

#endif
