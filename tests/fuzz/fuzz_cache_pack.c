/* SPDX-License-Identifier: Apache-2.0 */
/* A frame of a pack: two bytes say how long its content should be, and the digest is that of zeros
 * of this length, or of what comes out when zstd reads the frame as it is. */
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cache/format/frame.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(frame_coder_free_at) struct frame_coder *coder = frame_coder_new();
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE uint8_t *bytes = NULL;
	AUTO_FREE uint8_t *expected = NULL;
	struct digest digest;
	size_t wanted;
	size_t found;

	if (size < 2)
		return 0;
	wanted = (size_t)data[0] | (size_t)data[1] << 8;
	bytes = xcalloc(1, wanted + 1);
	expected = xcalloc(1, wanted + 1);
	bytes[wanted] = 0x5a;
	found = ZSTD_decompress(expected, wanted, data + 2, size - 2);
	digest = digest_of(DIGEST_SHA256, expected, wanted);
	if (frame_read(coder, data + 2, size - 2, &digest, bytes, wanted, &err) < 0) {
		INSIST(IS_REFUSED(err));
	} else {
		INSIST(found == wanted);
		INSIST(memcmp(bytes, expected, wanted) == 0);
	}
	INSIST(bytes[wanted] == 0x5a);
	return 0;
}
