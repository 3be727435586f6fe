/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - a directory of blobs and references: an OCI image layout
 *
 *     oci-layout  index.json  blobs/<alg>/<hex>         image-spec, image-layout.md
 *     .ocifp/version  index.lock  gc.lock               ours, in the user's store only
 *     .ocifp/ingest/<alg>-<hex>.part                    unfinished downloads
 *
 * The user's own store ($OCIFP_STORE, else $XDG_DATA_HOME/ocifp, else ~/.local/share/ocifp) is such
 * a layout, so skopeo and umoci can read it.  `oci:DIR` locations are opened by the same code, and
 * have the folder .ocifp while something is written or a download is unfinished.  Modes in the
 * user's store are 0700, 0600 and, for blobs, 0400; elsewhere the umask decides.
 *
 * No component of a path below a store may be a symbolic link (ERROR_LOCAL).  One thread at a time,
 * and one pull at a time: see store_set_reference().
 *
 * Content is durable before a reference names it: finished blobs wait as complete .part files, one
 * syncfs() covers all of them, then they are renamed, then the folder is synced, then index.json is
 * replaced.  A process killed at any moment leaves no unverified content visible and loses no
 * finished blob.
 *
 * Locks (flock): gc.lock is shared by processes that add blobs until their reference is written,
 * and exclusive for gc; index.lock is exclusive and brief; each .part is locked by its writer.
 */
#ifndef OCIFP_STORE_STORE_H
#define OCIFP_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "oci/descriptor.h"

struct buf;
struct error;
struct observer;
struct store;

enum store_mode {
	STORE_READ,   /* must exist; never written */
	STORE_WRITE,  /* must exist */
	STORE_CREATE, /* created if missing or empty */
};

struct store_options {
	int64_t lock_timeout_ms; /* 0: wait forever; past it: ERROR_LOCAL, class "lock" */
	struct observer *observer;
};

/* A layout directory.  A missing one is ERROR_LOCAL with class "missing"; one without `oci-layout`
 * or of a newer version is ERROR_LOCAL; a store that a newer ocifp wrote is ERROR_USAGE.  These are
 * not written to. */
struct store *store_open(const char *path, enum store_mode mode,
			 const struct store_options *options, struct error **err);

/* The user's store, mode 0700 and owned by the user, created if missing; a layout that another tool
 * made there stays as it is.  ERROR_USAGE if it belongs to another user, others may write to it, or
 * it is writable and on a network file system. */
struct store *store_open_own(const char *path_or_null, const struct store_options *options,
			     struct error **err);
char *store_own_path(const char *path_or_null, struct error **err);

/* store_free() then removes a layout that store_open() created, if nothing was written to it. */
void store_remove_unused(struct store *store);
const char *store_path(const struct store *store);

/* For messages: "<path of the store>/<path>"; the caller owns it. */
char *store_full_path(const struct store *store, const char *path);

/* Blobs that were read or written are kept until then, also while gc runs. */
void store_release_blobs(struct store *store);
bool store_is_writable(const struct store *store); /* false: modes or the file system forbid it */
void store_free(struct store *store);              /* uncommitted blobs stay as .part files */
DEFINE_CLEANUP(struct store, store_free)
#define AUTO_STORE CLEANUP(store_free_at)

/* True also for a blob that waits for the next commit; false for a blob of another size.  A blob
 * that a writer has found stays until the writer's reference is written (gc.lock). */
bool store_has(struct store *store, const struct digest *digest, uint64_t size_bytes);

/* A descriptor for reading; the caller closes it.  The content is not checked. */
int store_open_blob(struct store *store, const struct digest *digest, uint64_t *ret_size_bytes,
		    struct error **err);

/* A document, checked against its digest.  On a mismatch it is moved to quarantine (in a writable
 * store): ERROR_CONTENT, class "digest".  *ret_found false: not in the store. */
int store_read(struct store *store, const struct digest *digest, struct buf *buf, bool *ret_found,
	       struct error **err);

/* Adds a blob from memory to the next commit. */
int store_add(struct store *store, const struct digest *digest, const void *bytes, size_t size,
	      struct error **err);

/* Makes all finished blobs durable and visible: one syncfs, the renames, one fsync a folder. */
int store_commit(struct store *store, struct error **err);

/* Removes the finished blobs that were not committed. */
void store_discard_parts(struct store *store);

/* Drops a finished blob that is no longer needed, unless it is committed already. */
void store_forget(struct store *store, const struct digest *digest);

/* ERROR_LOCAL, class "space", unless so many more bytes fit.  For use before a download. */
int store_space_check(const struct store *store, uint64_t size_bytes, struct error **err);

/* References: entries of index.json, named by annotation org.opencontainers.image.ref.name.
 * store_set_reference() commits first, replaces the old entry of that name and lets gc go on.
 * Name NULL: to find, the only entry (ERROR_USAGE when there are several); to set, one without a
 * name. */
int store_find_reference(const struct store *store, const char *name,
			 struct descriptor *ret_descriptor, bool *ret_found, struct error **err);
int store_set_reference(struct store *store, const char *name, const struct descriptor *descriptor,
			struct error **err);
int store_remove_reference(struct store *store, const char *name, bool *ret_found,
			   struct error **err);

/* Removes all entries with this digest. */
int store_remove_content(struct store *store, const struct digest *digest, bool *ret_found,
			 struct error **err);

/* An entry with an unsupported digest is left out, or is an error as from digest_parse(). */
int store_list_references(const struct store *store, struct descriptors *ret_references,
			  bool leave_out_unsupported, struct error **err);

/* A spare file in the user's own store reserves space, so that references can be removed on a full
 * disk: it is removed before, and created again afterwards or by the next open. */
void store_free_spare(const struct store *store);
void store_keep_spare(const struct store *store);

#endif
