/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - an open archive, for the files of this folder */
#ifndef OCIFP_ARCHIVE_STATE_H
#define OCIFP_ARCHIVE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "archive/archive.h"
#include "archive/members.h"

/* A manifest made for a docker-archive, which has none. */
struct made_document {
	struct digest digest;
	char *bytes;
	size_t size;
};

struct archive_image {
	char *path; /* quoted */
	int fd;
	struct stat status; /* when it was opened */
	struct members members;
	struct descriptors references;
	json_t *unsupported; /* references with a digest that cannot be checked; NULL: none */
	struct made_document *documents;
	size_t document_count;
};

/* "blobs/sha256/<hex>"; the caller's. */
char *blob_member_name(const struct digest *digest);

/* Appends a member's content to the buffer. */
int member_read(const struct archive_image *archive, const struct member *member, struct buf *buf,
		struct error **err);

/* By name; a missing member is ERROR_CONTENT. */
int member_read_named(const struct archive_image *archive, const char *name, struct buf *buf,
		      struct error **err);
int member_require(const struct archive_image *archive, const char *name,
		   struct member **ret_member, struct error **err);

/* Fills the references. */
int load_docker(struct archive_image *archive, struct error **err);

/* Fills digest and compression from the content, the first time. */
int member_identify(const struct archive_image *archive, struct member *member, struct error **err);

#endif
