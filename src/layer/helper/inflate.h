/* SPDX-License-Identifier: Apache-2.0 */
/* inflate.h - decompresses a layer, with ISA-L if it is built in
 *
 * inflate_isal.c | inflate_plain.c: configure chooses.
 */
#ifndef OCIFP_LAYER_HELPER_INFLATE_H
#define OCIFP_LAYER_HELPER_INFLATE_H

#include "oci/media_type.h"

struct ring;
struct sink;

/* Like sink_decompress(), for a `next` that writes to the ring: may inflate into ring_room(). */
struct sink *sink_inflate(enum compression compression, struct ring *ring, struct sink *next);

#endif
