/* SPDX-License-Identifier: Apache-2.0 */
/* referrer.h - a manifest that refers to another one, its subject: a signature, an SBOM
 *
 * image-spec, manifest.md, "subject"; distribution-spec, "Listing Referrers" and "Referrers Tag
 * Schema".
 */
#ifndef OCIFP_OCI_REFERRER_H
#define OCIFP_OCI_REFERRER_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/descriptor.h"

struct referrer {
	struct digest subject;
	struct descriptor entry; /* its entry in a list of referrers: artifact type, annotations */
};

/* For a manifest or index with its own `descriptor`.  *ret_found false: it has no subject. */
int referrer_parse(const struct descriptor *descriptor, const void *bytes,
		   struct referrer *ret_referrer, bool *ret_found, struct error **err);
void referrer_release(struct referrer *referrer);
#define AUTO_REFERRER CLEANUP(referrer_release)

/* The tag that lists the referrers of `subject` in a registry without the API: "sha256-<hex>"; the
 * caller owns it. */
char *referrer_tag(const struct digest *subject);

/* `artifact_type` NULL: any. */
bool referrer_fits(const struct descriptor *entry, const char *artifact_type);

#endif
