/* SPDX-License-Identifier: Apache-2.0 */
/* signatures.h - what has been signed of an image, as cosign kept it before version 3
 *
 *     tag sha256-<hex>.sig --> manifest --> a config, which says nothing
 *                                       --> layers: the payloads, each with its signature as
 *                                           annotation dev.cosignproject.cosign/signature
 *
 * By an identity, further annotations have its certificate, the promise of Rekor 1 and a time
 * stamp: what a bundle of version 0.1 has (keyless.h).  The chain beside them is not needed: the
 * trusted root has the authorities.
 *
 * cosign, specs/SIGNATURE_SPEC.md.  <hex> is the digest of what is signed.
 */
#ifndef OCIFP_IMAGE_TRUST_SIGNATURES_H
#define OCIFP_IMAGE_TRUST_SIGNATURES_H

#include <stdbool.h>

#include "image/document/content.h"
#include "oci/manifest.h"
#include "repository/repository.h"

struct buf;
struct bundle_policy;
struct error;
struct sigstore_bundle;

#define ANNOTATION_SIGNATURE "dev.cosignproject.cosign/signature"

char *signatures_tag(const struct digest *digest); /* the caller owns it */

struct signatures {
	struct content content; /* where the payloads are read */
	struct resolution root; /* absent: nothing has been signed */
	struct manifest manifest;
};

/* Under this tag in content->repository. */
int signatures_get(const struct content *content, const char *tag,
		   struct signatures *ret_signatures, struct error **err);
void signatures_release(struct signatures *signatures);
#define AUTO_SIGNATURES CLEANUP(signatures_release)

/* One of its layers: the payload, at most SIGNATURE_PAYLOAD_LIMIT_BYTES. */
int signatures_read_payload(const struct signatures *signatures, const struct descriptor *layer,
			    struct buf *payload, struct error **err);

/* The annotations of an identity's signature as a bundle, which one parser reads.  ERROR_CONTENT
 * for one by a key. */
int signatures_read_bundle(const struct descriptor *layer, const struct buf *payload,
			   struct sigstore_bundle *ret_bundle, struct error **err);

/* 0 if one of them is by one of the policy's keys or identities and makes the expected claim; else
 * ERROR_REFUSED, class "signature", with the nearest reason. */
int signatures_check(const struct signatures *signatures, const struct bundle_policy *policy,
		     struct error **err);

#endif
