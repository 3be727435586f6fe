/* SPDX-License-Identifier: Apache-2.0 */
/* simple_signing.h - the claim that a signature signs: this digest belongs to that name
 *
 * The "simple signing" format of containers/image (docs/atomic-signature.md) as cosign uses it
 * (specs/SIGNATURE_SPEC.md): the signed bytes are kept beside the signature.
 */
#ifndef OCIFP_OCI_SIMPLE_SIGNING_H
#define OCIFP_OCI_SIMPLE_SIGNING_H

#include <stddef.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct error;

struct simple_signing {
	char *reference;      /* "host/name", possibly with a tag */
	struct digest digest; /* of the image's manifest or index */
	char *fingerprint;    /* our own addition; NULL: absent */
};

/* The caller owns the text, which is the same for the same values. */
char *simple_signing_format(const struct simple_signing *payload);

/* ERROR_CONTENT: not a claim in cosign's format. */
int simple_signing_parse(const void *bytes, size_t size, struct simple_signing *ret_payload,
			 struct error **err);
void simple_signing_release(struct simple_signing *payload);
#define AUTO_SIMPLE_SIGNING CLEANUP(simple_signing_release)

#endif
