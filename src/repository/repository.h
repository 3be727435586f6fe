/* SPDX-License-Identifier: Apache-2.0 */
/* repository.h - images in a registry's repository, a layout or an archive
 *
 * The layers above use no other interface to images.  Manifests are read one at a time.  Many blobs
 * are transferred at once: a call starts a job, repository_step() drives all jobs, `done` is called
 * at a job's end.
 *
 *     repository_open(location) --> repository_layout.c | repository_registry.c | ..._archive.c
 */
#ifndef OCIFP_REPOSITORY_REPOSITORY_H
#define OCIFP_REPOSITORY_REPOSITORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strings.h"
#include "oci/descriptor.h"
#include "oci/location.h"
#include "registry/manifests.h"
#include "registry/presence.h"
#include "registry/registry_blobs.h"

struct body;
struct error;
struct repository;
struct session;
struct source;
struct store;
struct watched;

enum repository_mode {
	REPOSITORY_READ,  /* in a layout that does not exist, images are absent */
	REPOSITORY_WRITE, /* the first write creates a layout that does not exist */
};

/* The location's tag and digest are not used. */
struct repository *repository_open(struct session *session, const struct location *location,
				   enum repository_mode mode, struct error **err);

/* Call it before anything is read if `location` will be written: from then on its registry itself,
 * not a mirror, is asked what a tag names. */
int repository_expect_write(struct session *session, const struct location *location,
			    struct error **err);

/* The user's own store, borrowed; its tags are full references, "host/name:tag". */
struct repository *repository_of_store(struct session *session, struct store *store);
const char *repository_name(const struct repository *repository); /* "host/name", "oci:DIR" */
void repository_free(struct repository *repository);
DEFINE_CLEANUP(struct repository, repository_free)
#define AUTO_REPOSITORY CLEANUP(repository_free_at)

/* By digest if there is one (the bytes are checked against it), else by tag.  0 for present and
 * absent; -1 for unknown, with the evidence filled. */
int repository_resolve(struct repository *repository, const char *tag, const struct digest *digest,
		       struct resolution *ret_resolution, struct error **err);

/* For a name from repository_list_tags().  ERROR_REFUSED: the name cannot be requested. */
int repository_resolve_listed(struct repository *repository, const char *name,
			      struct resolution *ret_resolution, struct error **err);

/* False does not prove absence. */
int repository_has_manifest(struct repository *repository, const struct digest *digest,
			    bool *ret_found, struct error **err);

/* The digest that a tag names, without the manifest: a HEAD at a registry.  False does not prove
 * absence. */
int repository_find_tag(struct repository *repository, const char *tag, bool *ret_found,
			struct digest *ret_digest, struct error **err);

/* Whether an earlier run gave the tag to that manifest: the registry may have been told otherwise
 * since. */
bool repository_has_put(const struct repository *repository, const char *tag,
			const struct digest *digest);

/* `tag` NULL: by digest alone.  The manifest's blobs and children must exist. */
int repository_put_manifest(struct repository *repository, const char *tag,
			    const struct descriptor *descriptor, const void *bytes,
			    struct put_result *ret_result, struct error **err);

/* By digest: the manifest with all its tags; or the tag alone, never a manifest with other tags.
 * ERROR_ABSENT: not found; ERROR_FAILURE, class "unsupported".  A layout removes the references; gc
 * removes the blobs. */
int repository_delete_manifest(struct repository *repository, const struct digest *digest,
			       struct error **err);
int repository_delete_tag(struct repository *repository, const char *tag, struct error **err);

/* Adds the manifests with this subject to *ret_referrers; `artifact_type` NULL: all. */
int repository_list_referrers(struct repository *repository, const struct digest *subject,
			      const char *artifact_type, struct descriptors *ret_referrers,
			      struct error **err);

/* After a referrer was deleted, for a registry that does not update the list itself. */
int repository_remove_referrer(struct repository *repository, const struct digest *subject,
			       const struct digest *digest, struct error **err);

/* The size of a blob.  ERROR_ABSENT: proven to be absent. */
int repository_find_blob(struct repository *repository, const struct digest *digest,
			 uint64_t *ret_size_bytes, struct error **err);

/* Blobs.  The descriptor, body and source are borrowed until done. */
int repository_get_blob(struct repository *repository, const struct descriptor *descriptor,
			struct body *body, blob_done *done, void *context, struct error **err);
int repository_put_blob(struct repository *repository, const struct blob_upload *upload,
			blob_done *done, void *context, struct error **err);

/* Cancels the job with this context; `done` is not called.  False: it has ended, or will end soon.
 */
bool repository_cancel_blob(struct repository *repository, const void *context);

/* Waits at most `most_ms`, or until a descriptor of `also` (may be NULL) is readable. */
int repository_step(struct repository *repository, const struct watched *also, int most_ms,
		    struct error **err);

/* A blob's file, of a layout or archive, to be read any number of times.  *ret_fd -1: the blobs are
 * not local. */
int repository_open_blob(struct repository *repository, const struct descriptor *descriptor,
			 int *ret_fd, uint64_t *ret_offset_bytes, struct error **err);

/* A layout or an archive. */
bool repository_is_local(const struct repository *repository);

/* Call it after a put without a tag if no other manifest refers to the new one.  A layout then
 * lists it without a name, because gc would remove it otherwise; a registry keeps it by digest. */
int repository_list_manifest(struct repository *repository, const struct descriptor *descriptor,
			     struct error **err);

/* The layout's store, created if it does not exist; *ret_store NULL: not a layout. */
int repository_find_store(struct repository *repository, struct store **ret_store,
			  struct error **err);

int repository_probe_push(struct repository *repository, struct error **err);

/* `others` gets the listed names that are not valid tags. */
int repository_list_tags(struct repository *repository, struct strings *tags,
			 struct strings *others, struct error **err);

/* A manifest that the repository lists. */
struct holding {
	struct digest digest;
	struct strings tags;    /* none: untagged */
	char *other_name;       /* one that is not a valid tag; NULL: none */
	bool is_new;            /* untagged, but a push may be about to tag it */
	uint64_t version_id;    /* of GitHub's package; 0: none */
	int64_t created_s;      /* time of the push, since 1970; 0: unknown */
	struct descriptor root; /* with a media type if `bytes` were read */
	struct buf bytes;
};

struct holdings {
	struct holding *items;
	size_t count;
	void *by_digest;
	uint64_t document_bytes; /* of all `bytes` */
};

/* Each tagged manifest once, and the untagged ones if the repository lists them. */
int repository_list_holdings(struct repository *repository, struct holdings *ret_holdings,
			     struct error **err);
/* Restores a deleted version by holding.version_id.  ERROR_USAGE: not supported. */
int repository_restore(struct repository *repository, uint64_t version_id, struct error **err);
void holdings_release(struct holdings *holdings);
#define AUTO_HOLDINGS CLEANUP(holdings_release)

#endif
