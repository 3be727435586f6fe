/* SPDX-License-Identifier: Apache-2.0 */
/* backend.h - the interface that each kind of repository implements
 *
 * repository.h specifies each call; only repository.c calls these.
 */
#ifndef OCIFP_REPOSITORY_BACKEND_H
#define OCIFP_REPOSITORY_BACKEND_H

#include "repository/repository.h"

struct repository_ops {
	int (*resolve)(struct repository *repository, const char *tag, const struct digest *digest,
		       struct resolution *resolution, struct error **err);
	int (*has_manifest)(struct repository *repository, const struct digest *digest,
			    bool *ret_found, struct error **err);

	/* NULL: by resolve(). */
	int (*find_tag)(struct repository *repository, const char *tag, bool *ret_found,
			struct digest *ret_digest, struct error **err);
	int (*get_blob)(struct repository *repository, const struct descriptor *descriptor,
			struct body *body, blob_done *done, void *context, struct error **err);

	/* NULL: a step transfers a whole blob, so that none is ever under way. */
	bool (*cancel_blob)(struct repository *repository, const void *context);

	/* NULL: read-only. */
	int (*put_manifest)(struct repository *repository, const char *tag,
			    const struct descriptor *descriptor, const void *bytes,
			    struct put_result *ret_result, struct error **err);
	int (*put_blob)(struct repository *repository, const struct blob_upload *upload,
			blob_done *done, void *context, struct error **err);
	/* NULL: never. */
	bool (*has_put)(const struct repository *repository, const char *tag,
			const struct digest *digest);
	int (*delete_manifest)(struct repository *repository, const struct digest *digest,
			       struct error **err);
	int (*delete_tag)(struct repository *repository, const char *tag, struct error **err);
	int (*probe_push)(struct repository *repository, struct error **err);

	int (*step)(struct repository *repository, const struct watched *also, int most_ms,
		    struct error **err);

	/* NULL: there are none. */
	int (*list_referrers)(struct repository *repository, const struct digest *subject,
			      const char *artifact_type, struct descriptors *ret_referrers,
			      struct error **err);

	/* NULL: not needed. */
	int (*remove_referrer)(struct repository *repository, const struct digest *subject,
			       const struct digest *digest, struct error **err);

	/* NULL: not supported. */
	int (*find_blob)(struct repository *repository, const struct digest *digest,
			 uint64_t *ret_size_bytes, struct error **err);

	/* NULL: not a layout. */
	struct store *(*store)(struct repository *repository, struct error **err);

	/* NULL: the blobs are not local. */
	int (*open_blob)(struct repository *repository, const struct descriptor *descriptor,
			 int *ret_fd, uint64_t *ret_offset_bytes, struct error **err);
	int (*list_tags)(struct repository *repository, struct strings *tags,
			 struct strings *others, struct error **err);

	/* NULL: like a tag. */
	int (*resolve_listed)(struct repository *repository, const char *name,
			      struct resolution *resolution, struct error **err);

	/* NULL: list the tags. */
	int (*list_holdings)(struct repository *repository, struct holdings *holdings,
			     struct error **err);
	int (*restore)(struct repository *repository, uint64_t version_id, struct error **err);
	void (*free)(struct repository *repository);
};

struct repository {
	const struct repository_ops *ops;
	char *name;
};

/* The tags of a layout's or an archive's index.json: in both every name is a tag. */
void references_add_tags(const struct descriptors *references, struct strings *tags);

/* The holding of this digest, added if necessary; valid until the next call.  NULL: past
 * PRUNE_LIMIT_COUNT. */
struct holding *holdings_add(struct holdings *holdings, const struct digest *digest,
			     struct error **err);

struct repository *repository_open_registry(struct session *session,
					    const struct reference *reference,
					    enum repository_mode mode, struct error **err);
struct repository *repository_open_layout(struct session *session, const char *path,
					  enum repository_mode mode, struct error **err);
struct repository *repository_open_archive(const struct location *location, struct error **err);

#endif
