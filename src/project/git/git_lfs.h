/* SPDX-License-Identifier: Apache-2.0 */
/* git_lfs.h - the pointer that git stores for a file kept by LFS
 *
 *     version https://git-lfs.github.com/spec/v1
 *     oid sha256:<64 hex>
 *     size 12345
 *
 * git-lfs, docs/spec.md.  It has everything that the scheme `tree` needs of a file.
 */
#ifndef OCIFP_PROJECT_GIT_GIT_LFS_H
#define OCIFP_PROJECT_GIT_GIT_LFS_H

#include <stddef.h>
#include <stdint.h>

#include "oci/digest.h"

enum lfs_kind {
	LFS_NO_POINTER, /* the file itself, which LFS passes through */
	LFS_POINTER,
	LFS_UNKNOWN /* possibly a pointer in a form that we do not support: extensions, old forms */
};

struct lfs_pointer {
	struct digest digest;
	uint64_t size_bytes;
};

enum lfs_kind lfs_pointer_parse(const char *bytes, size_t size, struct lfs_pointer *ret_pointer);

#endif
