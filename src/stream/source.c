/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/digest.h"

struct source
source_of_bytes(const void *bytes, size_t size)
{
	/* Not NULL even without bytes: NULL means a file. */
	return (struct source){ .bytes = bytes ? bytes : "", .fd = -1, .size_bytes = size };
}

struct source
source_of_fd(int fd, uint64_t size_bytes)
{
	return (struct source){ .fd = fd, .size_bytes = size_bytes };
}

static int
set_changed(struct error **err, const char *how)
{
	error_set(err, ERROR_CONTENT, "%s", how);
	return error_set_class(err, CLASS_SOURCE_CHANGED);
}

static int
read_file(const struct source *source, uint64_t at_bytes, char *bytes, size_t size,
	  struct error **err)
{
	uint64_t offset = source->offset_bytes + at_bytes;

	for (size_t done = 0; done < size;) {
		ssize_t count =
			pread(source->fd, bytes + done, size - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_set_errno(err, errno, "cannot read the file to send");
		if (count == 0)
			return set_changed(err, "the file became shorter while it was sent");
		done += (size_t)count;
	}
	return 0;
}

int
source_read(const struct source *source, uint64_t at_bytes, void *bytes, size_t size,
	    size_t *ret_size, struct error **err)
{
	uint64_t left = at_bytes < source->size_bytes ? source->size_bytes - at_bytes : 0;

	if (size > left)
		size = (size_t)left;
	if (source->flow && size > 0)
		return source->flow->read(source->flow, at_bytes, bytes, size, ret_size, err);
	if (source->bytes && size > 0)
		memcpy(bytes, (const char *)source->bytes + at_bytes, size);
	if (!source->bytes && size > 0 && read_file(source, at_bytes, bytes, size, err) < 0)
		return -1;
	*ret_size = size;
	return 0;
}

int
source_hash(const struct source *source, enum digest_algorithm algorithm, struct digest *ret_digest,
	    struct error **err)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(algorithm);
	AUTO_FREE char *bytes = xcalloc(1, TRANSFER_BUFFER_BYTES);
	size_t size;

	for (uint64_t at = 0; at < source->size_bytes; at += size) {
		if (source_read(source, at, bytes, TRANSFER_BUFFER_BYTES, &size, err) < 0)
			return -1;
		hasher_add(hasher, bytes, size);
	}
	*ret_digest = hasher_finish(hasher);
	return 0;
}

int
source_check(const struct source *source, const struct digest *digest, struct error **err)
{
	struct digest found;

	if (source->flow)
		return 0;
	if (source_hash(source, digest->algorithm, &found, err) < 0)
		return -1;
	if (digest_equal(&found, digest))
		return 0;
	return set_changed(err, "the file does not match its digest, or was changed");
}
