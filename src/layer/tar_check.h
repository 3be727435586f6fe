/* tar_check.h - whether a stream can be a tar at all */
#ifndef OCIFP_LAYER_TAR_CHECK_H
#define OCIFP_LAYER_TAR_CHECK_H

struct sink;

/* Passes bytes on (takes `next`).  ERROR_CONTENT, class "tar", unless they start with a header
 * whose checksum is right, or with the end of an empty tar, and are whole blocks.  That finds what
 * was named by mistake; a layer is not trusted where it is unpacked. */
struct sink *sink_tar_check(struct sink *next);

#endif
