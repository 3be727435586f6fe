/* SPDX-License-Identifier: Apache-2.0 */
/* tar_header.h - the header of a tar member, as a block and pax records
 *
 * POSIX.1-2017, pax, "ustar Interchange Format": a block of 512 bytes with fields of fixed width.
 * Values that do not fit their field go into pax records before the block, as extended attributes
 * always do ("SCHILY.xattr.NAME", as in all builders and runtimes).
 */
#ifndef OCIFP_LAYER_TAR_HEADER_H
#define OCIFP_LAYER_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

#define TAR_BLOCK_BYTES 512

enum tar_type {
	TAR_FILE = '0',
	TAR_HARD_LINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHARACTER_DEVICE = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
	TAR_PAX = 'x', /* records for the member that follows */
};

struct tar_xattr {
	char *name; /* without '=' */
	void *value;
	size_t size;
};

/* Content of a sparse file, between holes. */
struct tar_region {
	uint64_t offset_bytes;
	uint64_t size_bytes;
};

/* All pointers are borrowed. */
struct tar_member {
	enum tar_type type;
	const char *name;     /* relative, any bytes; of a directory without a '/' at its end */
	const char *target;   /* of a link; NULL: none */
	unsigned permissions; /* 07777 */
	uint64_t uid;
	uint64_t gid;
	int64_t mtime_s;
	long mtime_ns;       /* 0 to 999,999,999, counted forward */
	uint64_t size_bytes; /* of a file's content */
	unsigned device_major;
	unsigned device_minor;
	const struct tar_xattr *xattrs; /* in the order in which they are written */
	size_t xattr_count;
	const struct tar_region *regions; /* of a sparse file, ascending; only these are stored */
	size_t region_count;              /* 0: the file is not sparse */
};

uint64_t tar_member_stored_bytes(const struct tar_member *member);

/* Fills the block and adds the necessary records, none for most members, up to the limit of
 * `records`.  A sparse file has GNU tar's format 0.1, and a name that tells tools without it. */
int tar_header_make(const struct tar_member *member, uint8_t *ret_block, struct buf *records,
		    struct error **err);

/* The fields of a header. */
enum {
	TAR_NAME_OFFSET = 0,
	TAR_MODE_OFFSET = 100,
	TAR_UID_OFFSET = 108,
	TAR_GID_OFFSET = 116,
	TAR_SIZE_OFFSET = 124,
	TAR_MTIME_OFFSET = 136,
	TAR_TYPE_OFFSET = 156,
	TAR_MAGIC_OFFSET = 257,
	TAR_GNU_TIMES_OFFSET = 345, /* GNU: of the last access and change; POSIX: a prefix */
	TAR_SPARSE_OFFSET = 386,    /* GNU: four regions, "more follow", the size of the file */
	TAR_SPARSE_MORE_OFFSET = 482,
	TAR_SPARSE_SIZE_OFFSET = 483,
	TAR_NAME_WIDTH = 100,
	TAR_SHORT_WIDTH = 8,
	TAR_LONG_WIDTH = 12,
	TAR_SPARSE_REGIONS = 4,
	TAR_SPARSE_MORE_REGIONS = 21, /* of a block that follows the header; then "more follow" */
};

bool tar_header_is_sound(const uint8_t *block); /* its checksum */
void tar_header_seal(uint8_t *block);
void tar_header_set_size(uint8_t *block, uint64_t size_bytes); /* below 8 GiB */

/* Octal digits, or GNU's binary form: 0 to 2^63-1; an empty field is 0.  False: neither, or a field
 * that readers interpret differently. */
bool tar_number_parse(const uint8_t *field, size_t width, uint64_t *ret_number);

#endif
