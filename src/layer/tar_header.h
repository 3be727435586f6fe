/* tar_header.h - what a tar says of one member, as a header block and pax records
 *
 * POSIX.1-2017, pax, "ustar Interchange Format": a block of 512 bytes with fields of fixed width.
 * What does not fit into its field goes into a pax record before the block; extended attributes
 * are always there ("SCHILY.xattr.NAME", as all builders and runtimes have them).
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

/* Borrows all that it points to. */
struct tar_member {
	enum tar_type type;
	const char *name;     /* relative, any bytes; of a directory without a '/' at its end */
	const char *target;   /* of a link; NULL: none */
	unsigned permissions; /* 07777 */
	uint64_t uid;
	uint64_t gid;
	int64_t mtime_s;
	uint64_t size_bytes; /* of a file's content */
	unsigned device_major;
	unsigned device_minor;
	const struct tar_xattr *xattrs; /* in the order in which they are written */
	size_t xattr_count;
};

/* Fills the block and adds the records that are needed besides: none for most members.  The
 * limit of `records` holds. */
int tar_header_make(const struct tar_member *member, uint8_t *ret_block, struct buf *records,
		    struct error **err);

#endif
