/* SPDX-License-Identifier: Apache-2.0 */
/* toolchain.h - describes this machine's build tools, for a key without an image
 *
 * The preset's program runs in the root directory, so that no file of the project chooses a
 * version: rustup and go would follow rust-toolchain.toml and go.mod.
 */
#ifndef OCIFP_CACHE_KEY_TOOLCHAIN_H
#define OCIFP_CACHE_KEY_TOOLCHAIN_H

struct cache_spec;
struct error;

struct toolchain {
	char *words;  /* the first line of its output; "" for none */
	char *said;   /* all of its output; "" for none */
	char *system; /* "debian 12": ID and VERSION_ID of os-release; "unknown" */
};

/* ERROR_USAGE: the program is not installed. */
int toolchain_find(const struct cache_spec *spec, struct toolchain *ret_toolchain,
		   struct error **err);
void toolchain_release(struct toolchain *toolchain);

#endif
