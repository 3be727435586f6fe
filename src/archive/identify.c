/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/state.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "stream/compress.h"
#include "stream/source.h"

int
member_identify(const struct archive_image *archive, struct member *member, struct error **err)
{
	AUTO_HASHER struct hasher *hasher = NULL;
	AUTO_FREE unsigned char *buffer = NULL;
	struct source source = source_of_fd(archive->fd, member->size_bytes);
	enum compression compression = COMPRESSION_NONE;

	if (member->digest.algorithm != DIGEST_NONE)
		return 0;
	hasher = hasher_new(DIGEST_SHA256);
	buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);
	source.offset_bytes = member->offset_bytes;
	for (uint64_t at_bytes = 0; at_bytes < member->size_bytes;) {
		size_t size = 0;

		if (source_read(&source, at_bytes, buffer, TRANSFER_BUFFER_BYTES, &size, err) < 0)
			return -1;
		if (at_bytes == 0)
			compression = compression_detect(buffer, size);
		hasher_add(hasher, buffer, size);
		at_bytes += size;
	}
	member->compression = compression;
	member->digest = hasher_finish(hasher);
	return 0;
}
