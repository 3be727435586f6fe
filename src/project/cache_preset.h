/* SPDX-License-Identifier: Apache-2.0 */
/* cache_preset.h - ocifp's knowledge of a tool's cache
 *
 * The directories outside the project that it may use, and the files and programs of its key.
 */
#ifndef OCIFP_PROJECT_CACHE_PRESET_H
#define OCIFP_PROJECT_CACHE_PRESET_H

#include <stdbool.h>

enum preset_kind {
	PRESET_NONE,
	PRESET_CARGO,
	PRESET_CARGO_HOME,
	PRESET_CCACHE,
	PRESET_GO,
	PRESET_NPM,
	PRESET_PIP,
	PRESET_PNPM,
	PRESET_SCCACHE,
	PRESET_UV,
};

struct cache_preset {
	enum preset_kind kind;
	const char *name;             /* "" for PRESET_NONE */
	const char *const *paths;     /* used if the project file names none; ended by NULL */
	const char *const *allowed;   /* directories outside the project; ended by NULL */
	const char *const *key;       /* key files, when none are named; each may be missing */
	const char *const *toolchain; /* argv of the program that prints its version; NULL: none */
	const char *const *environment; /* variables that influence the build; "X*" is a prefix */
	bool is_content_addressed;      /* merged into existing directories; existing files stay */
	bool has_free_files;            /* any file may be missing: the tool makes it again */
	bool is_movable;                /* a cache of another project path still hits */
	bool has_source_times;          /* its tool compares times of sources */
	bool is_portable; /* without an image, the machine's tools are not part of the key */
};

extern const struct cache_preset cache_preset_none;

/* NULL: unknown. */
const struct cache_preset *cache_preset_find(const char *name);

/* "cargo, cargo-home, ...", for messages. */
extern const char cache_preset_names[];

/* Whether a path, as written, is outside the project: it starts with "~", "$NAME" or "/". */
bool cache_path_is_outside(const char *path);

/* Whether the preset's tool keeps its cache there. */
bool cache_preset_allows(const struct cache_preset *preset, const char *path);

#endif
