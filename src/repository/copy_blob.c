/* SPDX-License-Identifier: Apache-2.0 */
#include "repository/copy_blob.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "oci/digest.h"
#include "stream/body.h"
#include "stream/source.h"

int
copy_source(const struct source *source, struct body *body, struct observer *observer,
	    const struct digest *digest, struct error **err)
{
	const struct digest_text text = digest_text(digest);
	AUTO_FREE char *buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);
	uint64_t at_bytes = body_wanted(body).first;

	if (body_begin(body, at_bytes, err) < 0)
		return -1;
	while (at_bytes < source->size_bytes) {
		size_t size = 0;

		if (source_read(source, at_bytes, buffer, TRANSFER_BUFFER_BYTES, &size, err) < 0)
			return -1;
		if (body_write(body, buffer, size, err) < 0)
			return -1;
		at_bytes += size;
		observer_hear(observer, &(struct event){ .kind = EVENT_MOVED,
							 .text = text.text,
							 .bytes = size,
							 .at_bytes = at_bytes });
	}
	return body_end(body, err);
}
