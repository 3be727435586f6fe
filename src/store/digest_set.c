#include "store/digest_set.h"

#include <search.h>
#include <string.h>

#include "base/xalloc.h"

static int
compare(const void *left, const void *right)
{
	const struct digest *a = left;
	const struct digest *b = right;

	if (a->algorithm != b->algorithm)
		return a->algorithm < b->algorithm ? -1 : 1;
	return memcmp(a->bytes, b->bytes, digest_size(a->algorithm));
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
