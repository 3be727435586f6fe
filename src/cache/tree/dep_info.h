/* SPDX-License-Identifier: Apache-2.0 */
/* dep_info.h - the files that a build of cargo read, from rustc's dep-info files
 *
 * PROFILE/deps/NAME-HASH.d and PROFILE/build/PACKAGE/HASH/out/NAME.d are makefiles, in which each
 * file that was read has a line of its own: its path, with "\\ " for a space, and a colon.
 */
#ifndef OCIFP_CACHE_TREE_DEP_INFO_H
#define OCIFP_CACHE_TREE_DEP_INFO_H

struct cargo_target;
struct error;
struct strings;

/* In byte order, each once; relative to `directory`, the project's, for files below it, else
 * absolute.  Missing files are skipped. */
int dep_info_list(const struct cargo_target *target, const char *directory,
		  struct strings *ret_files, struct error **err);

#endif
