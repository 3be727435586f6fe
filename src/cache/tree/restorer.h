/* SPDX-License-Identifier: Apache-2.0 */
/* restorer.h - the restore of one root in a confined helper, from the program's side
 *
 * As layer/unpacker.h: several may run at once, each with its own process.
 */
#ifndef OCIFP_CACHE_TREE_RESTORER_H
#define OCIFP_CACHE_TREE_RESTORER_H

#include "base/cleanup.h"
#include "cache/tree/restore_request.h"
#include "oci/digest.h"

struct error;
struct restorer;

struct restored {
	bool has_root; /* false: the cache has no such path */
	uint64_t file_count;
	uint64_t total_bytes;
};

/* The descriptors stay the caller's. */
struct restorer *restorer_start(int tree_fd, int head_fd, const struct restore_request *request,
				struct error **err);

/* Sends the next index pack or pack. */
int restorer_send(struct restorer *restorer, const struct digest *digest, int fd,
		  struct error **err);

/* Waits until a pack was written or, with *ret_ended, everything is done. */
int restorer_receive(struct restorer *restorer, bool *ret_ended, struct restored *ret_restored,
		     struct error **err);

/* Readable when restorer_receive() will not block. */
int restorer_poll_fd(const struct restorer *restorer);
void restorer_free(struct restorer *restorer);
DEFINE_CLEANUP(struct restorer, restorer_free)

#endif
