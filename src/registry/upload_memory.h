/* upload_memory.h - how a host takes uploads, as far as it has shown in this run
 *
 * A blob goes in one request; what refuses that by size gets chunks, smaller until they fit, and
 * the next blob starts with what fitted.  The limit of a PATCH is one of its own: ghcr.io takes 4
 * MiB there and whole layers in a PUT.
 */
#ifndef OCIFP_REGISTRY_UPLOAD_MEMORY_H
#define OCIFP_REGISTRY_UPLOAD_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* POST with the body, distribution-spec, "Single POST": who does not take it opens a session. */
enum single_post { SINGLE_POST_UNTRIED, SINGLE_POST_REFUSED, SINGLE_POST_TAKEN };

struct upload_memory {
	uint64_t whole_limit_bytes; /* of a PUT with the blob; UINT64_MAX: none known */
	uint64_t chunk_limit_bytes; /* of a PATCH */
	bool has_opened;            /* we may push there: a body is not sent before */
	enum single_post single_post;
};

void upload_memory_init(struct upload_memory *memory);

/* May this blob go with its POST?  One alone is sent to find out; its outcome is told by
 * upload_memory_note_single(). */
bool upload_memory_try_single(struct upload_memory *memory, uint64_t size_bytes);
void upload_memory_note_single(struct upload_memory *memory);

/* A body of that size was refused with 405, 413 or 416; `stated_bytes` is the limit that the answer
 * named, 0: none.  False: nothing is left to try. */
bool upload_memory_refuse_whole(struct upload_memory *memory, int status, uint64_t size_bytes,
				uint64_t stated_bytes);
bool upload_memory_refuse_chunk(struct upload_memory *memory, uint64_t size_bytes,
				uint64_t stated_bytes);

#endif
