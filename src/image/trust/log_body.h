/* SPDX-License-Identifier: Apache-2.0 */
/* log_body.h - what a log's entry says was signed, by whom, and how that signature reads
 *
 *     hashedrekord 0.0.1 ... a file: its digest           (Rekor 1)
 *     dsse 0.0.1 ........... an envelope: its payload's digest
 *     intoto 0.0.2 ......... the same
 *     hashedrekord 0.0.2 ... the digest of what was signed, file or envelope   (Rekor 2)
 *     dsse 0.0.2 ........... an envelope: its payload's digest; cosign 2 asks for it
 */
#ifndef OCIFP_IMAGE_TRUST_LOG_BODY_H
#define OCIFP_IMAGE_TRUST_LOG_BODY_H

#include <stdbool.h>

#include "image/trust/sigstore_bundle.h"
#include "oci/digest.h"

struct error;

struct log_body {
	bool is_second;   /* of version 2 of the log */
	bool is_envelope; /* the digest is of an envelope's payload */
	struct digest digest;
	struct octets signature;
	struct octets certificate; /* DER */
};

/* Of the kind and version that the entry says.  ERROR_CONTENT. */
int log_body_parse(const struct log_entry *entry, struct log_body *ret_body, struct error **err);
void log_body_release(struct log_body *body);
#define AUTO_LOG_BODY CLEANUP(log_body_release)

#endif
