/* SPDX-License-Identifier: Apache-2.0 */
/* referrer.h - a manifest that belongs to another one, its subject: a signature, an SBOM
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
	struct descriptor entry; /* as a list of referrers has it: artifact type, annotations */
};

/* Of a manifest or index, `descriptor` its own.  *ret_found false: it has no subject. */
int referrer_parse(const struct descriptor *descriptor, const void *bytes,
		   struct referrer *ret_referrer, bool *ret_found, struct error **err);
void referrer_release(struct referrer *referrer);
#define AUTO_REFERRER CLEANUP(referrer_release)

/* The tag under which those of `subject` are listed where there is no API for it: "sha256-<hex>";
 * the caller owns it. */
char *referrer_tag(const struct digest *subject);

/* `artifact_type` NULL: any. */
bool referrer_fits(const struct descriptor *entry, const char *artifact_type);

#endif
