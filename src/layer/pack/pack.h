/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - a directory tree as the tar of a layer
 *
 * image-spec, layer.md.  Members are sorted by the bytes of their names, directory by directory,
 * each directory before its entries; the root is not a member.  The same tree gives the same bytes
 * on any file system, in any order on disk, with any umask and at any time: times are whole seconds
 * up to a limit, and all members have one owner unless owners are kept.
 *
 * Modes, symbolic and hard links (the first name is the file), FIFOs, devices and extended
 * attributes (xattrs.h) are kept; holes are zeros; sockets are skipped.  Nothing outside the root
 * is read: links are not followed.
 */
#ifndef OCIFP_LAYER_PACK_PACK_H
#define OCIFP_LAYER_PACK_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct sink;

struct pack_options {
	int root_fd;
	const char *prefix;    /* "opt/app": put the tree below it; its directories become members
				* of mode 0755; NULL: none */
	int64_t mtime_limit_s; /* later times become this; INT64_MAX: keep all */
	bool keep_owners;
	uint64_t uid; /* without keep_owners, as gid */
	uint64_t gid;
	bool is_upper; /* an upper directory of overlayfs: its whiteouts and opaque directories
			* become those of the specification */
	uint64_t whiteout_inode; /* of a file whose links are whiteouts; 0: none */
};

struct pack_counts {
	uint64_t members;
	uint64_t sockets; /* skipped */
};

/* Takes the sink, and finishes it.  ERROR_CONTENT, class "source_changed": the tree changed
 * meanwhile; ERROR_LOCAL: a name that is reserved in layers (".wh."...). */
int pack_tree(const struct pack_options *options, struct sink *sink, struct pack_counts *ret_counts,
	      struct error **err);

#endif
