/* tar_check.h - whether a stream is a layer that can be unpacked, and what it inflates to
 *
 *     bytes --pipe--> ocifp-layer check: inflate, hash, read every header --> diff_id, size
 */
#ifndef OCIFP_LAYER_PACK_TAR_CHECK_H
#define OCIFP_LAYER_PACK_TAR_CHECK_H

struct error;
struct measure;
struct sink;

/* Compressed or not.  finish() waits for the answer: ERROR_CONTENT for what is no tar, cut short,
 * or beyond what `ocifp unpack` takes.  SIGPIPE must be ignored. */
struct sink *sink_tar_check(struct measure *ret_tar, struct error **err);

#endif
