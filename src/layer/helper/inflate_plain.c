/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/inflate.h"
#include "stream/compress.h"

struct sink *
sink_inflate(enum compression compression, struct ring *ring, struct sink *next)
{
	(void)ring;
	return sink_decompress(compression, next);
}
