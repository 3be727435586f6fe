/* SPDX-License-Identifier: Apache-2.0 */
/* inclusion.h - an entry is in a log's tree, and the log has signed that tree's root
 *
 *     body --hash--> leaf --the proof's hashes--> root <--signed by the log-- checkpoint
 *
 * RFC 6962, 2.1; the checkpoint is a signed note: C2SP, tlog-checkpoint.md and signed-note.md.
 */
#ifndef OCIFP_IMAGE_TRUST_INCLUSION_H
#define OCIFP_IMAGE_TRUST_INCLUSION_H

#include <stddef.h>

struct error;
struct inclusion_proof;
struct trusted_log;

/* The body is in the log: the proof leads to the root of the checkpoint, which the log signed.
 * ERROR_REFUSED, class "signature". */
int inclusion_check(const struct inclusion_proof *proof, const void *body, size_t size,
		    const struct trusted_log *log, struct error **err);

#endif
