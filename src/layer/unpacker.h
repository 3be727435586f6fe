/* unpacker.h - trees that the confined helper makes and removes, seen from the program
 *
 * Several may be at work at once: each has its own process.
 */
#ifndef OCIFP_LAYER_UNPACKER_H
#define OCIFP_LAYER_UNPACKER_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "layer/unpack_request.h"
#include "oci/digest.h"

struct error;
struct unpacker;

/* `tree_fd` is a directory, empty and ours; `record_fd` a file for what the tree cannot say, or -1.
 * Both stay the caller's. */
struct unpacker *unpacker_start(int tree_fd, int record_fd, const struct unpack_request *request,
				struct error **err);

/* The next layer, compressed or not, to be read from `fd`, which stays the caller's.  At most two
 * more than are done: one is unpacked while the other is inflated ahead. */
int unpacker_send(struct unpacker *unpacker, const struct digest *diff_id, int fd,
		  struct error **err);

/* Readable when unpacker_receive() does not wait. */
int unpacker_poll_fd(const struct unpacker *unpacker);
int unpacker_note_wait(struct unpacker *unpacker, int waited_ms, struct error **err);

/* A layer is done, or with *ret_ended all are and the result is there.  ERROR_CONTENT: the layer is
 * not what it should be; class "needs_flat": it cannot be had in overlay form. */
int unpacker_receive(struct unpacker *unpacker, bool *ret_ended, struct unpack_result *ret_result,
		     struct error **err);
void unpacker_free(struct unpacker *unpacker);
DEFINE_CLEANUP(struct unpacker, unpacker_free)
#define AUTO_UNPACKER CLEANUP(unpacker_free_at)

/* Empties a directory of files that only the map's root may remove. */
int unpacker_empty(int tree_fd, const struct id_map *map, struct error **err);

#endif
