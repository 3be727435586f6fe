/* repository.h - a place that holds images: a registry's repository, a layout or an archive
 *
 * All that the layers above know of where images are.  Manifests are asked one by one and are
 * small; blobs move many at once: a job is started, repository_step() drives them, `done` is
 * called when it has ended.
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
	REPOSITORY_READ,  /* a layout that does not exist is absent, not an error, to resolve() */
	REPOSITORY_WRITE, /* a layout that does not exist is made by the first write */
};

/* The location's tag and digest do not matter here. */
struct repository *repository_open(struct session *session, const struct location *location,
				   enum repository_mode mode, struct error **err);

/* A directory that is open already (not taken): the user's own store, whose tags are whole
 * references, "host/name:tag". */
struct repository *repository_of_store(struct session *session, struct store *store);
const char *repository_name(const struct repository *repository); /* "host/name", "oci:DIR" */
void repository_free(struct repository *repository);
DEFINE_CLEANUP(struct repository, repository_free)
#define AUTO_REPOSITORY CLEANUP(repository_free_at)

/* A manifest or index as it came, byte for byte. */
struct resolution {
	struct evidence evidence;
	struct descriptor descriptor; /* when present: media type, digest, size */
	struct buf bytes;
};

void resolution_release(struct resolution *resolution);
#define AUTO_RESOLUTION CLEANUP(resolution_release)

/* By digest when there is one (then checked against it), else by tag.  0 for present and absent;
 * -1 for unknown, with the evidence filled. */
int repository_resolve(struct repository *repository, const char *tag, const struct digest *digest,
		       struct resolution *ret_resolution, struct error **err);

/* What a name of repository_list_tags() names.  ERROR_REFUSED: it cannot be asked for. */
int repository_resolve_listed(struct repository *repository, const char *name,
			      struct resolution *ret_resolution, struct error **err);

/* False is no proof of absence. */
int repository_has_manifest(struct repository *repository, const struct digest *digest,
			    bool *ret_found, struct error **err);

/* `tag` NULL: by digest alone.  Its blobs and children must be there. */
int repository_put_manifest(struct repository *repository, const char *tag,
			    const struct descriptor *descriptor, const void *bytes,
			    struct put_result *ret_result, struct error **err);

/* By digest with all its tags; or the tag alone, never the manifest that has other tags too.
 * ERROR_ABSENT: was not there; ERROR_FAILURE, class "unsupported": this place cannot do it.  A
 * layout forgets the references; the blobs stay until a gc. */
int repository_delete_manifest(struct repository *repository, const struct digest *digest,
			       struct error **err);
int repository_delete_tag(struct repository *repository, const char *tag, struct error **err);

/* The manifests whose subject this is, added to *ret_referrers; `artifact_type` NULL: all. */
int repository_list_referrers(struct repository *repository, const struct digest *subject,
			      const char *artifact_type, struct descriptors *ret_referrers,
			      struct error **err);

/* After such a manifest was deleted, where its place does not see to it by itself. */
int repository_remove_referrer(struct repository *repository, const struct digest *subject,
			       const struct digest *digest, struct error **err);

/* Whether a blob is there, and its size; what is not is ERROR_ABSENT when that is proven. */
int repository_find_blob(struct repository *repository, const struct digest *digest,
			 uint64_t *ret_size_bytes, struct error **err);

/* Blobs.  The descriptor, body and source are borrowed until done. */
int repository_get_blob(struct repository *repository, const struct descriptor *descriptor,
			struct body *body, blob_done *done, void *context, struct error **err);
int repository_put_blob(struct repository *repository, const struct blob_upload *upload,
			blob_done *done, void *context, struct error **err);

/* Ends what was begun with this context; `done` is not called.  False: it is over, or ends soon. */
bool repository_cancel_blob(struct repository *repository, const void *context);

/* Waits at most `most_ms`; no longer than for `local_store` (NULL: nothing). */
int repository_step(struct repository *repository, const struct watched *also, int most_ms,
		    struct error **err);

/* One blob at rest that can be read again and again: of a layout or archive, not of a registry.
 * *ret_fd -1: not held locally. */
int repository_open_blob(struct repository *repository, const struct descriptor *descriptor,
			 int *ret_fd, uint64_t *ret_offset_bytes, struct error **err);

/* The layout behind it, made when it is not there, for who writes much; *ret_store NULL: none is.
 */
int repository_find_store(struct repository *repository, struct store **ret_store,
			  struct error **err);

int repository_probe_push(struct repository *repository, struct error **err);

/* `others` gets the names that a registry lists and that are not valid tags. */
int repository_list_tags(struct repository *repository, struct strings *tags,
			 struct strings *others, struct error **err);

/* A manifest that the place names by itself. */
struct holding {
	struct digest digest;
	struct strings tags;    /* none: a place that lists those too has it without a tag */
	char *other_name;       /* one that is not a valid tag; NULL: none */
	bool is_new;            /* without a tag, and a push may be about to name it */
	uint64_t version_id;    /* of GitHub's package; 0: there is none */
	int64_t created_s;      /* when it came there, since 1970; 0: not said */
	struct descriptor root; /* with its bytes, when they were read; else no media type */
	struct buf bytes;
};

struct holdings {
	struct holding *items;
	size_t count;
	void *by_digest;
	uint64_t document_bytes; /* of all `bytes` */
};

/* Each manifest that has a tag once; and those that have none where the place lists them. */
int repository_list_holdings(struct repository *repository, struct holdings *ret_holdings,
			     struct error **err);
/* Brings back what was deleted, by holding.version_id.  ERROR_USAGE where nothing is kept for that.
 */
int repository_restore(struct repository *repository, uint64_t version_id, struct error **err);
void holdings_release(struct holdings *holdings);
#define AUTO_HOLDINGS CLEANUP(holdings_release)

#endif
