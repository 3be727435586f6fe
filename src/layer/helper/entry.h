/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - a validated member of a layer
 *
 * image-spec, layer.md.  Names are raw bytes.  Extended attributes are limited to user.*, without
 * user.overlay.*, which our overlayfs would interpret, and security.capability.
 */
#ifndef OCIFP_LAYER_HELPER_ENTRY_H
#define OCIFP_LAYER_HELPER_ENTRY_H

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "layer/tar_header.h"

struct archive_entry;
struct error;

enum entry_type {
	ENTRY_FILE,
	ENTRY_DIRECTORY,
	ENTRY_SYMBOLIC_LINK,
	ENTRY_HARD_LINK,
	ENTRY_FIFO,
	ENTRY_DEVICE,
	ENTRY_OTHER, /* sockets and unknown types: skipped */
};

struct entry_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct entry {
	enum entry_type type;
	char *path;    /* clean; "" is the root */
	char *link;    /* of a hard link: clean; of a symbolic link: raw */
	mode_t mode;   /* permissions, set-id and sticky bits */
	mode_t format; /* S_IFCHR, ... */
	uint32_t uid;
	uint32_t gid;
	dev_t device;
	struct timespec modified;
	uint64_t size_bytes;
	struct entry_xattr xattrs[XATTRS_LIMIT_COUNT]; /* point into the archive's entry */
	size_t xattr_count;
	size_t dropped_xattr_count;
	struct tar_region *regions; /* of a sparse file */
	size_t region_count;        /* 0: the file is not sparse */
};

/* ERROR_CONTENT: an owner out of range, too long a name. */
int entry_read(struct archive_entry *from, struct entry *ret_entry, struct error **err);
void entry_release(struct entry *entry);
#define AUTO_ENTRY CLEANUP(entry_release)

#endif
