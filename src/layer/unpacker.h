/* SPDX-License-Identifier: Apache-2.0 */
/* unpacker.h - creates and removes trees through ocifp-layer
 *
 * Several can run at once, each with its own process.
 */
#ifndef OCIFP_LAYER_UNPACKER_H
#define OCIFP_LAYER_UNPACKER_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "layer/unpack_request.h"
#include "oci/digest.h"

struct error;
struct unpacker;

/* `tree_fd`: an empty directory of ours; `record_fd`: a file for the record (tree_record.h), or -1.
 * Both are borrowed. */
struct unpacker *unpacker_start(int tree_fd, int record_fd, const struct unpack_request *request,
				struct error **err);

/* Sends the next layer, compressed or not; `fd` is borrowed.  At most two layers may be unfinished:
 * one is unpacked while the next one is inflated. */
int unpacker_send(struct unpacker *unpacker, const struct digest *diff_id, int fd,
		  struct error **err);

/* Readable when unpacker_receive() will not block. */
int unpacker_poll_fd(const struct unpacker *unpacker);
int unpacker_note_wait(struct unpacker *unpacker, int waited_ms, struct error **err);

/* A layer is done; *ret_ended: all layers are, and *ret_result is set.  ERROR_CONTENT: an invalid
 * layer; class "needs_flat": the layer cannot be represented in overlay form. */
int unpacker_receive(struct unpacker *unpacker, bool *ret_ended, struct unpack_result *ret_result,
		     struct error **err);
void unpacker_free(struct unpacker *unpacker);
DEFINE_CLEANUP(struct unpacker, unpacker_free)
#define AUTO_UNPACKER CLEANUP(unpacker_free_at)

/* Empties a directory whose files only the map's root can remove. */
int unpacker_empty(int tree_fd, const struct id_map *map, struct error **err);

#endif
