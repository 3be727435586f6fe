/* SPDX-License-Identifier: Apache-2.0 */
/* cache_preset.h - what ocifp knows of a tool's cache
 *
 * Which folders outside the project it may use, which files and programs make its key.
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
	const char *name;               /* "" for PRESET_NONE */
	const char *const *paths;       /* when the project file names none; NULL ends */
	const char *const *allowed;     /* folders outside the project; NULL ends */
	const char *const *key;         /* key files, when none are named; each may be missing */
	const char *const *toolchain;   /* argv of the program that names itself; NULL: none */
	const char *const *environment; /* variables that change what is built; "X*" is a prefix */
	bool is_content_addressed;      /* merged into what is there, existing files win */
	bool has_free_files;            /* any file may be missing: the tool makes it again */
	bool is_movable;                /* another project path still hits */
	bool has_source_times;          /* its tool compares times of sources */
	bool is_portable;               /* without an image, what the machine runs does not count */
};

extern const struct cache_preset cache_preset_none;

/* NULL: not known. */
const struct cache_preset *cache_preset_find(const char *name);

/* "cargo, cargo-home, ...", for messages. */
extern const char cache_preset_names[];

/* Whether a path, as it was written, leads out of the project: "~", "$NAME" or "/" begins it. */
bool cache_path_is_outside(const char *path);

/* Whether the preset's tool keeps its cache there. */
bool cache_preset_allows(const struct cache_preset *preset, const char *path);

#endif
