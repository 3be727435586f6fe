/* pack.h - a directory tree as the tar of a layer
 *
 * image-spec, layer.md.  Members by the bytes of their names, folder by folder, each before what
 * is in it; the root itself is no member.  The same tree gives the same bytes whatever its file
 * system, its order on disk, the umask and the time: times are whole seconds and not later than a
 * limit, owners are one number unless they are kept.
 *
 * Modes, symbolic and hard links (the first name is the file), FIFOs, devices and extended
 * attributes (xattrs.h) are kept; holes are zeros; sockets are left out.  Nothing outside the root
 * is read: no link is followed.
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
	const char *prefix;    /* "opt/app": names are put below it, whose folders are members of
				* mode 0755 then; NULL: none */
	int64_t mtime_limit_s; /* later times become this; INT64_MAX: all are kept */
	bool keep_owners;
	uint64_t uid; /* unless they are kept, as gid */
	uint64_t gid;
	bool is_upper; /* overlayfs's upper directory: its marks (device 0:0, opaque) become the
			* whiteouts of the specification */
	uint64_t whiteout_inode; /* of a file whose links are marks like these; 0: none */
};

struct pack_counts {
	uint64_t members;
	uint64_t sockets; /* left out */
};

/* Takes the sink, and finishes it.  ERROR_CONTENT, class "source_changed", when somebody writes to
 * the tree meanwhile; ERROR_LOCAL for a name that means something else in a layer (".wh."...). */
int pack_tree(const struct pack_options *options, struct sink *sink, struct pack_counts *ret_counts,
	      struct error **err);

#endif
