/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "fuzz.h"
#include "project/git/git_lfs.h"

/* What is taken for a pointer is short and says all; nothing is set otherwise. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lfs_pointer pointer = { 0 };

	switch (lfs_pointer_parse((const char *)data, size, &pointer)) {
	case LFS_POINTER:
		INSIST(size < LFS_POINTER_LIMIT_BYTES);
		INSIST(pointer.digest.algorithm == DIGEST_SHA256);
		INSIST(pointer.size_bytes <= INT64_MAX);
		break;
	case LFS_UNKNOWN:
		INSIST(size > 0 && size < LFS_POINTER_LIMIT_BYTES);
		break;
	case LFS_NO_POINTER:
		INSIST(pointer.digest.algorithm == DIGEST_NONE);
		break;
	}
	return 0;
}
