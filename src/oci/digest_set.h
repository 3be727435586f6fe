/* SPDX-License-Identifier: Apache-2.0 */
/* digest_set.h - a set of digests */
#ifndef OCIFP_OCI_DIGEST_SET_H
#define OCIFP_OCI_DIGEST_SET_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct digest_set {
	void *root; /* tsearch(3); NULL: empty */
};

bool digest_set_add(struct digest_set *set, const struct digest *digest); /* false: it was there */
bool digest_set_has(const struct digest_set *set, const struct digest *digest);
void digest_set_release(struct digest_set *set);
#define AUTO_DIGEST_SET CLEANUP(digest_set_release)

#endif
