/* SPDX-License-Identifier: Apache-2.0 */
/* tar_check.h - checks that a stream is a layer, and finds its diff_id
 *
 *     bytes --pipe--> ocifp-layer check: inflate, hash, read every header --> diff_id, size
 */
#ifndef OCIFP_LAYER_PACK_TAR_CHECK_H
#define OCIFP_LAYER_PACK_TAR_CHECK_H

struct error;
struct measure;
struct sink;

/* Compressed or not.  finish() waits for the answer.  ERROR_CONTENT: not a tar, truncated, or past
 * the limits of `ocifp unpack`.  SIGPIPE must be ignored. */
struct sink *sink_tar_check(struct measure *ret_tar, struct error **err);

#endif
