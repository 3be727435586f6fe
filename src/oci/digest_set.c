/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/digest_set.h"

#include <search.h>

#include "base/compat.h"
#include "base/xalloc.h"

static int
compare(const void *left, const void *right)
{
	return digest_compare(left, right);
}

bool
digest_set_add(struct digest_set *set, const struct digest *digest)
{
	struct digest *copy;

	if (digest_set_has(set, digest))
		return false;
	copy = XNEW(struct digest);
	*copy = *digest;
	if (!tsearch(copy, &set->root, compare))
		abort();
	return true;
}

bool
digest_set_has(const struct digest_set *set, const struct digest *digest)
{
	return tfind(digest, &set->root, compare);
}

void
digest_set_release(struct digest_set *set)
{
	tdestroy(set->root, free);
	set->root = NULL;
}
