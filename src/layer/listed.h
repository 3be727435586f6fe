/* SPDX-License-Identifier: Apache-2.0 */
/* listed.h - a member of a tar, as listed by ocifp-layer, one message each
 */
#ifndef OCIFP_LAYER_LISTED_H
#define OCIFP_LAYER_LISTED_H

#include <stdint.h>

struct error;
struct message;

enum listed_kind { LISTED_FILE, LISTED_HARD_LINK, LISTED_SYMBOLIC_LINK };

struct listed {
	enum listed_kind kind;
	const char *path; /* unquoted */
	const char *link; /* "" for a file */
	uint64_t offset_bytes;
	uint64_t size_bytes;
};

/* Visits files and links of the tar in the file `fd`; directories and devices are skipped.
 * ERROR_CONTENT: not a tar, truncated, a sparse file, a name too long, or input that readers
 * interpret differently (layer/helper/tar_filter.h). */
typedef int listed_visit(void *context, const struct listed *listed, struct error **err);
int list_tar(int fd, listed_visit *visit, void *context, struct error **err);

void listed_put(struct message *message, const struct listed *listed);

/* The texts belong to the message. */
int listed_get(struct message *message, struct listed *ret_listed, struct error **err);

#endif
