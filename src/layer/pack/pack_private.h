/* pack_private.h - packing under way, for the files that do it */
#ifndef OCIFP_LAYER_PACK_PACK_PRIVATE_H
#define OCIFP_LAYER_PACK_PACK_PRIVATE_H

#include <sys/stat.h>

#include "layer/pack/hard_links.h"
#include "layer/pack/pack.h"
#include "layer/tar_header.h"

struct tar_writer;

struct packing {
	const struct pack_options *options;
	struct tar_writer *writer;
	struct hard_links links;
	struct pack_counts counts;
	char *buffer; /* of TRANSFER_BUFFER_BYTES */
};

struct pack_entry {
	int dir_fd;
	const char *name; /* in dir_fd */
	const char *path; /* in the tar */
	struct stat status;
};

/* Type, name, mode, owner and time of the entry. */
struct tar_member pack_member(const struct packing *packing, const struct pack_entry *entry,
			      enum tar_type type);
int pack_add(struct packing *packing, const struct tar_member *member, struct error **err);
int pack_refuse_changed(const char *path, struct error **err);

/* Opens what was looked at: anything else by now is refused.  The status is read again. */
int pack_open(struct pack_entry *entry, int flags, struct error **err);
int pack_check_unchanged(const struct pack_entry *entry, int fd, struct error **err);

/* What is no directory, no socket and no mark of overlayfs. */
int pack_leaf(struct packing *packing, struct pack_entry *entry, struct error **err);
int pack_file(struct packing *packing, struct pack_entry *entry, struct error **err);

#endif
