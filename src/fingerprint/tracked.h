/* SPDX-License-Identifier: Apache-2.0 */
/* tracked.h - the files below some paths that git knows */
#ifndef OCIFP_FINGERPRINT_TRACKED_H
#define OCIFP_FINGERPRINT_TRACKED_H

struct error;
struct strings;

/* What `git ls-files -z` in `directory` lists for `paths` (in normal form), in byte order, each
 * once; paths are relative to `directory`.  No paths: nothing. */
int tracked_list(const char *directory, const struct strings *paths, struct strings *ret_tracked,
		 struct error **err);

#endif
