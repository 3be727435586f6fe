/* SPDX-License-Identifier: Apache-2.0 */
/* expected_claim.h - what a signature has to say of an image
 *
 *     digest ....... always, of the manifest or index
 *     repository ... if the signature names one: cosign's bundles name none, and hold in every
 *                    repository
 *     fingerprint .. of the signature, else of the image's annotation, which the digest covers
 */
#ifndef OCIFP_IMAGE_TRUST_EXPECTED_CLAIM_H
#define OCIFP_IMAGE_TRUST_EXPECTED_CLAIM_H

#include <stdbool.h>

#include "oci/simple_signing.h"

struct error;
struct statement;

struct expected_claim {
	struct simple_signing claim; /* reference NULL: any; fingerprint NULL: any */
	const char *annotated;       /* fingerprint that the image itself says; NULL: none */
	bool must_name;              /* what names no repository does not say that */
};

/* ERROR_REFUSED, class "signature", with what differs.  `said` without a reference names none. */
int expected_claim_compare(const struct expected_claim *expected, const struct simple_signing *said,
			   struct error **err);

/* The same for a statement: one of its subjects says that. */
int expected_claim_compare_statement(const struct expected_claim *expected,
				     const struct statement *statement, struct error **err);

#endif
