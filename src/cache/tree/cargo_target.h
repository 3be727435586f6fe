/* SPDX-License-Identifier: Apache-2.0 */
/* cargo_target.h - cargo's target directory: its profiles, and which of their files to save
 *
 *     [TRIPLE/]PROFILE/{.fingerprint,deps,build,examples,incremental}    until 2026
 *     [TRIPLE/]PROFILE/build/PACKAGE/HASH/{fingerprint,out,run}          -Zbuild-dir-new-layout
 *
 * A part (parts.h) is a unit of cargo: its fingerprint and all files that rustc wrote for it,
 * identified by the 16 hex digits in their names.  It is obsolete if its package is not in
 * Cargo.lock.
 *
 * Incremental data is left out.  Final executables (of bin, test, bench and example targets) are
 * distinguished from build scripts, proc-macros and libraries.  In an unknown layout everything is
 * saved.
 */
#ifndef OCIFP_CACHE_TREE_CARGO_TARGET_H
#define OCIFP_CACHE_TREE_CARGO_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/strings.h"
#include "cache/tree/filter.h"

struct cache_spec;
struct error;

struct cargo_profile {
	size_t root;
	char *path; /* relative to the root: "debug", "x86_64-unknown-linux-musl/release" */
	char *directory;
	int lock_fd;
};

struct cargo_target {
	struct cargo_profile *profiles;
	size_t count;
	bool has_unknown;        /* a root has content, but no profile */
	struct strings packages; /* names in Cargo.lock; empty: not known */
	struct tree_filter filter;
};

/* Reads the roots of a spec with the preset cargo.  `filter` is valid while the struct is not
 * moved. */
int cargo_target_open(const struct cache_spec *spec, struct cargo_target *ret_target,
		      struct error **err);

/* Keeps builds out of all profiles until it is released; waits for running builds.  ERROR_LOCAL,
 * class "lock": one takes longer than the limit. */
int cargo_target_lock(struct cargo_target *target, int64_t timeout_ms, struct error **err);
void cargo_target_release(struct cargo_target *target);
#define AUTO_CARGO_TARGET CLEANUP(cargo_target_release)

#endif
