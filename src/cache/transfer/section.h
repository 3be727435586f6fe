/* SPDX-License-Identifier: Apache-2.0 */
/* section.h - one part of the index of a cache that is in a repository */
#ifndef OCIFP_CACHE_TRANSFER_SECTION_H
#define OCIFP_CACHE_TRANSFER_SECTION_H

#include <stdbool.h>

#include "cache/format/index_head.h"

struct cache_place;
struct error;
struct session;

/* A stream of the index, appended to the buffer.  *ret_found false: proven absent.  What is there
 * and no cache is ERROR_CONTENT. */
int cache_section_read(struct session *session, const struct cache_place *place,
		       enum index_stream stream, struct buf *ret_bytes, bool *ret_found,
		       struct error **err);

#endif
