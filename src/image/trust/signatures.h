/* SPDX-License-Identifier: Apache-2.0 */
/* signatures.h - what has been signed of an image, as cosign kept it before version 3
 *
 *     tag sha256-<hex>.sig --> manifest --> a config, which says nothing
 *                                       --> layers: the payloads, each with its signature as
 *                                           annotation dev.cosignproject.cosign/signature
 *
 * cosign, specs/SIGNATURE_SPEC.md.  <hex> is the digest of what is signed.
 */
#ifndef OCIFP_IMAGE_TRUST_SIGNATURES_H
#define OCIFP_IMAGE_TRUST_SIGNATURES_H

#include <stdbool.h>

#include "image/document/content.h"
#include "oci/manifest.h"
#include "repository/repository.h"

struct error;
struct expected_claim;
struct signing_keys;

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

/* 0 when one of them is by one of the keys and says that; else ERROR_REFUSED, class "signature",
 * with what came nearest. */
int signatures_check(const struct signatures *signatures, const struct signing_keys *keys,
		     const struct expected_claim *expected, struct error **err);

#endif
