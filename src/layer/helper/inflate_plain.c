/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/inflate.h"
#include "stream/compress.h"

struct sink *
sink_inflate(enum compression compression, struct sink *next)
{
	return sink_decompress(compression, next);
}
