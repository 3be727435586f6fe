/* SPDX-License-Identifier: Apache-2.0 */
/* tar_filter.h - rewrites a tar so that libarchive reads the same as GNU tar and Go's readers
 *
 *     ring --> tar_filter --> libarchive --> layer_reader
 *     file --> tar_filter --> libarchive --> list_tar()
 *
 * Of several headers for the next member, the last of a kind is passed on; of pax records those
 * that all readers know.  Sizes that only some readers use are removed.  ERROR_CONTENT: input that
 * readers interpret differently, such as a damaged header or record, a negative size, or an invalid
 * sparse map. libarchive gets the headers of one member at a time, so that its result can be
 * compared.
 */
#ifndef OCIFP_LAYER_HELPER_TAR_FILTER_H
#define OCIFP_LAYER_HELPER_TAR_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "layer/tar_header.h"

struct error;

/* Where the bytes come from.  `read` is as ring_read(): *ret_size 0 is the end, and the bytes are
 * valid until the next call.  `skip` passes over bytes; NULL: they have to be read. */
struct tar_source {
	int (*read)(void *context, const void **ret_bytes, size_t *ret_size, struct error **err);
	void (*skip)(void *context, uint64_t size);
	void *context;
};

/* The member whose headers were passed on last, as found here. */
struct tar_found {
	char type;
	uint64_t size_bytes;    /* of the file, with its holes */
	uint64_t headers_end;   /* in the bytes passed on */
	uint64_t content_begin; /* the same, or behind a sparse map */
	uint64_t source_begin;  /* of the content, in the source */
	bool has_time;
	struct timespec modified; /* from its pax header */
};

/* A header for the next member: pax records, a long name, a long link. */
struct tar_extra {
	bool is_there;
	uint8_t header[TAR_BLOCK_BYTES];
	struct buf content;
};

struct tar_filter {
	struct tar_source source;
	const uint8_t *bytes; /* of the source, not yet taken */
	size_t size;
	bool source_ended;
	uint64_t source_bytes; /* read and skipped */
	bool ended;
	struct tar_extra pax;
	struct tar_extra name;
	struct tar_extra link;
	struct buf headers; /* of one member, to be passed on at once */
	uint64_t content_bytes;
	uint64_t padding_bytes;
	bool padding_is_whole; /* none of it was passed on */
	uint64_t passed_bytes;
	struct tar_found found;
};

void tar_filter_init(struct tar_filter *filter, const struct tar_source *source);
void tar_filter_release(struct tar_filter *filter);

/* The next bytes for libarchive, valid until the next call; *ret_size 0 at the end. */
int tar_filter_read(struct tar_filter *filter, const void **ret_bytes, size_t *ret_size,
		    struct error **err);

/* Passes over `size` of the next bytes, or less: how many. */
uint64_t tar_filter_skip(struct tar_filter *filter, uint64_t size);

#endif
