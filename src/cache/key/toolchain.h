/* SPDX-License-Identifier: Apache-2.0 */
/* toolchain.h - what builds on this machine, in words, when no image says it
 *
 * The program that the preset names is asked from the root directory, so that no file of the
 * project chooses what runs: rustup and go would follow rust-toolchain.toml and go.mod.
 */
#ifndef OCIFP_CACHE_KEY_TOOLCHAIN_H
#define OCIFP_CACHE_KEY_TOOLCHAIN_H

struct cache_spec;
struct error;

struct toolchain {
	char *words;  /* the first line that the program said; "" for none */
	char *said;   /* all of it; "" for none */
	char *system; /* "debian 12": ID and VERSION_ID of os-release; "unknown" */
};

/* ERROR_USAGE: the program is not there. */
int toolchain_find(const struct cache_spec *spec, struct toolchain *ret_toolchain,
		   struct error **err);
void toolchain_release(struct toolchain *toolchain);

#endif
