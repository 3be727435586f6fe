/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h - in which form a host takes uploads, as learned during this run
 *
 * A blob is sent in one request.  After a refusal by size it is sent in chunks, which shrink until
 * they are accepted; the next blob starts with the size that was accepted.  PATCH has a limit of
 * its own: ghcr.io accepts 4 MiB in a PATCH and whole layers in a PUT.
 */
#ifndef OCIFP_REGISTRY_UPLOAD_POLICY_H
#define OCIFP_REGISTRY_UPLOAD_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* POST with the body, distribution-spec, "Single POST".  A registry without it opens a session. */
enum single_post { SINGLE_POST_UNTRIED, SINGLE_POST_REFUSED, SINGLE_POST_TAKEN };

struct upload_policy {
	uint64_t whole_limit_bytes; /* of a PUT with the blob; UINT64_MAX: none known */
	uint64_t chunk_limit_bytes; /* of a PATCH */
	bool has_opened;            /* pushing is allowed: no body is sent before that is known */
	enum single_post single_post;
};

void upload_policy_init(struct upload_policy *policy);

/* True: send this blob with its POST.  Until upload_policy_note_single() tells that the host
 * accepted one, only one blob is sent that way. */
bool upload_policy_try_single(struct upload_policy *policy, uint64_t size_bytes);
void upload_policy_note_single(struct upload_policy *policy);

/* A body of that size was refused with 405, 413 or 416; `stated_bytes` is the limit that the answer
 * named, 0: none.  False: no other form is left to try. */
bool upload_policy_refuse_whole(struct upload_policy *policy, int status, uint64_t size_bytes,
				uint64_t stated_bytes);
bool upload_policy_refuse_chunk(struct upload_policy *policy, uint64_t size_bytes,
				uint64_t stated_bytes);

#endif
