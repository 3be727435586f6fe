/* SPDX-License-Identifier: Apache-2.0 */
/* tar_writer.h - a tar writer with reproducible output
 *
 *     tar_writer_begin, tar_writer_write... for each member; tar_writer_finish
 *
 * ustar, with pax records only where needed (tar_header.h).  Not a library's, whose output may
 * change with its version, so that digests stay the same.
 */
#ifndef OCIFP_LAYER_PACK_TAR_WRITER_H
#define OCIFP_LAYER_PACK_TAR_WRITER_H

#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct sink;
struct tar_member;
struct tar_writer;

/* Takes the sink. */
struct tar_writer *tar_writer_new(struct sink *sink);

/* ERROR_CONTENT, class "limit": too long a name, too many extended attributes. */
int tar_writer_begin(struct tar_writer *writer, const struct tar_member *member,
		     struct error **err);

/* The content of a file, size_bytes in all. */
int tar_writer_write(struct tar_writer *writer, const void *bytes, size_t size, struct error **err);

/* Finishes the sink too. */
int tar_writer_finish(struct tar_writer *writer, struct error **err);
void tar_writer_free(struct tar_writer *writer);
DEFINE_CLEANUP(struct tar_writer, tar_writer_free)
#define AUTO_TAR_WRITER CLEANUP(tar_writer_free_at)

#endif
