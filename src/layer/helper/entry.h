/* entry.h - one member of a layer, checked and with nothing of the tar's in it but its names
 *
 * image-spec, layer.md.  Names are raw bytes.  Extended attributes are those that may come in from
 * outside: user.* but for user.overlay.*, which would speak to our own overlay, and
 * security.capability.
 */
#ifndef OCIFP_LAYER_HELPER_ENTRY_H
#define OCIFP_LAYER_HELPER_ENTRY_H

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/limits.h"

struct archive_entry;
struct error;

enum entry_type {
	ENTRY_FILE,
	ENTRY_DIRECTORY,
	ENTRY_SYMBOLIC_LINK,
	ENTRY_HARD_LINK,
	ENTRY_FIFO,
	ENTRY_DEVICE,
	ENTRY_OTHER, /* sockets and what nobody knows: passed over */
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
	struct entry_xattr xattrs[XATTRS_LIMIT_COUNT]; /* lie in the archive's entry */
	size_t xattr_count;
	size_t dropped_xattr_count;
};

/* ERROR_CONTENT for what no file can have: an owner out of range, names that are too long. */
int entry_read(struct archive_entry *from, struct entry *ret_entry, struct error **err);
void entry_release(struct entry *entry);
#define AUTO_ENTRY CLEANUP(entry_release)

#endif
