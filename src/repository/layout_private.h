/* layout_private.h - a repository that is a layout: what repository_layout.c and layout_blobs.c
 * share
 */
#ifndef OCIFP_REPOSITORY_LAYOUT_PRIVATE_H
#define OCIFP_REPOSITORY_LAYOUT_PRIVATE_H

#include "repository/backend.h"
#include "repository/local_jobs.h"

struct session;
struct store;

struct layout_repository {
	struct repository repository;
	struct session *session;
	char *path;          /* NULL: the store is somebody else's */
	struct store *store; /* NULL: the directory does not exist yet */
	struct local_jobs jobs;
};

static inline struct layout_repository *
layout_of(struct repository *repository)
{
	return (struct layout_repository *)repository;
}

/* Makes the layout when this is the first write to it. */
struct store *layout_writable_store(struct layout_repository *self, struct error **err);

int layout_refuse_absent(const struct repository *repository, const char *what, struct error **err);

/* repository_ops, layout_blobs.c */
int layout_get_blob(struct repository *repository, const struct descriptor *descriptor,
		    struct body *body, blob_done *done, void *context, struct error **err);
int layout_put_blob(struct repository *repository, const struct blob_upload *upload,
		    blob_done *done, void *context, struct error **err);
int layout_open_blob(struct repository *repository, const struct descriptor *descriptor,
		     int *ret_fd, uint64_t *ret_offset_bytes, struct error **err);
int layout_find_blob(struct repository *repository, const struct digest *digest,
		     uint64_t *ret_size_bytes, struct error **err);
int layout_step(struct repository *repository, const struct watched *also, int most_ms,
		struct error **err);

#endif
