/* preset.h - what ocifp knows of a tool's cache
 *
 * Which folders outside the project it may use, which programs and files make its key, what of its
 * files is worth saving.
 */
#ifndef OCIFP_CACHE_KEY_PRESET_H
#define OCIFP_CACHE_KEY_PRESET_H

#include <stdbool.h>
#include <stddef.h>

enum preset_kind {
	PRESET_NONE,
	PRESET_CARGO,
	PRESET_CARGO_HOME,
	PRESET_GO,
	PRESET_NPM,
	PRESET_PNPM,
	PRESET_PIP,
	PRESET_UV,
	PRESET_CCACHE,
	PRESET_SCCACHE,
};

struct cache_preset {
	enum preset_kind kind;
	const char *name;               /* "" for PRESET_NONE */
	const char *const *paths;       /* labels, when the project file names none; NULL ends */
	const char *const *allowed;     /* folders outside the project, labels; NULL ends */
	const char *const *toolchain;   /* argv of the program that names itself; NULL: none */
	const char *const *environment; /* variables that change what is built; "X*" is a prefix */
	bool is_content_addressed;      /* merged into what is there, existing files win */
	bool is_movable;                /* another project path is no miss */
	bool has_source_times;          /* its tool compares times of sources */
};

/* NULL: not known. */
const struct cache_preset *cache_preset_find(const char *name);
extern const struct cache_preset cache_preset_none;

/* "cargo, cargo-home, go ...": for messages. */
extern const char cache_preset_names[];

#endif
