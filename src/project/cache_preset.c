/* SPDX-License-Identifier: Apache-2.0 */
#include "project/cache_preset.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "fingerprint/paths.h"

/* Directories with programs that a tool would run are left out: registry/src and git/checkouts have
 * build scripts that cargo does not verify again, bin has programs. */
static const char *const cargo_home_paths[] = { "$CARGO_HOME/registry/index",
						"$CARGO_HOME/registry/cache", "$CARGO_HOME/git/db",
						NULL };
static const char *const cargo_home_allowed[] = { "$CARGO_HOME/registry/index",
						  "$CARGO_HOME/registry/cache",
						  "$CARGO_HOME/git/db",
						  "~/.cargo/registry/index",
						  "~/.cargo/registry/cache",
						  "~/.cargo/git/db",
						  NULL };
static const char *const target[] = { "target", NULL };
static const char *const go_paths[] = { "$GOCACHE", "$GOMODCACHE/cache/download", NULL };
static const char *const go_allowed[] = {
	"$GOCACHE",    "~/.cache/go-build", "$XDG_CACHE_HOME/go-build",
	"$GOMODCACHE", "~/go/pkg/mod",      NULL
};
static const char *const npm[] = { "~/.npm/_cacache", NULL };
static const char *const npm_allowed[] = { "~/.npm", NULL };
static const char *const pnpm[] = { "~/.local/share/pnpm/store", NULL };
static const char *const pip[] = { "$XDG_CACHE_HOME/pip", NULL };
static const char *const pip_allowed[] = { "$XDG_CACHE_HOME/pip", "~/.cache/pip", NULL };
static const char *const uv[] = { "$XDG_CACHE_HOME/uv", NULL };
static const char *const uv_allowed[] = { "$XDG_CACHE_HOME/uv", "~/.cache/uv", NULL };
static const char *const ccache[] = { "$XDG_CACHE_HOME/ccache", NULL };
static const char *const ccache_allowed[] = { "$XDG_CACHE_HOME/ccache", "~/.cache/ccache",
					      "~/.ccache", NULL };
static const char *const sccache[] = { "$XDG_CACHE_HOME/sccache", NULL };
static const char *const sccache_allowed[] = { "$XDG_CACHE_HOME/sccache", "~/.cache/sccache",
					       NULL };

static const char *const cargo_key[] = { "Cargo.lock", "rust-toolchain.toml", "rust-toolchain",
					 ".cargo/config.toml", NULL };
static const char *const cargo_home_key[] = { "Cargo.lock", NULL };
static const char *const go_key[] = { "go.sum", "go.mod", NULL };
static const char *const npm_key[] = { "package-lock.json", NULL };
static const char *const pnpm_key[] = { "pnpm-lock.yaml", NULL };
static const char *const pip_key[] = { "requirements.txt", "pyproject.toml", NULL };
static const char *const uv_key[] = { "uv.lock", NULL };
static const char *const nothing[] = { NULL };

static const char *const rustc[] = { "rustc", "-vV", NULL };
static const char *const go_version[] = { "go", "version", NULL };
static const char *const python_version[] = { "python3", "--version", NULL };

static const char *const rust_environment[] = { "CARGO_BUILD_*",
						"CARGO_ENCODED_RUSTFLAGS",
						"CARGO_INCREMENTAL",
						"CARGO_PROFILE_*",
						"CC",
						"CFLAGS",
						"CXX",
						"CXXFLAGS",
						"LDFLAGS",
						"RUSTC",
						"RUSTC_BOOTSTRAP",
						"RUSTDOCFLAGS",
						"RUSTFLAGS",
						NULL };
static const char *const c_environment[] = { "CC",       "CFLAGS",  "CPPFLAGS", "CXX",
					     "CXXFLAGS", "LDFLAGS", NULL };

const struct cache_preset cache_preset_none = {
	.kind = PRESET_NONE,
	.name = "",
	.paths = nothing,
	.allowed = nothing,
	.key = nothing,
	.environment = c_environment,
	.has_source_times = true,
};

static const struct cache_preset presets[] = {
	{
		.kind = PRESET_CARGO,
		.name = "cargo",
		.paths = target,
		.allowed = nothing,
		.key = cargo_key,
		.toolchain = rustc,
		.environment = rust_environment,
		.is_movable = true,
		.has_source_times = true,
	},
	{
		.kind = PRESET_CARGO_HOME,
		.name = "cargo-home",
		.paths = cargo_home_paths,
		.allowed = cargo_home_allowed,
		.key = cargo_home_key,
		.environment = nothing,
		.is_content_addressed = true,
		.is_movable = true,
		.is_portable = true,
	},
	{
		.kind = PRESET_CCACHE,
		.name = "ccache",
		.paths = ccache,
		.allowed = ccache_allowed,
		.key = nothing,
		.environment = nothing,
		.is_content_addressed = true,
		.has_free_files = true,
		.is_portable = true,
	},
	{
		.kind = PRESET_GO,
		.name = "go",
		.paths = go_paths,
		.allowed = go_allowed,
		.key = go_key,
		.toolchain = go_version,
		.environment = c_environment,
		.is_content_addressed = true,
		.has_free_files = true,
		.is_movable = true,
	},
	{
		.kind = PRESET_NPM,
		.name = "npm",
		.paths = npm,
		.allowed = npm_allowed,
		.key = npm_key,
		.environment = nothing,
		.is_content_addressed = true,
		.has_free_files = true,
		.is_movable = true,
		.is_portable = true,
	},
	{
		.kind = PRESET_PIP,
		.name = "pip",
		.paths = pip,
		.allowed = pip_allowed,
		.key = pip_key,
		.toolchain = python_version,
		.environment = nothing,
		.is_content_addressed = true,
		.has_free_files = true,
	},
	{
		.kind = PRESET_PNPM,
		.name = "pnpm",
		.paths = pnpm,
		.allowed = pnpm,
		.key = pnpm_key,
		.environment = nothing,
		.is_content_addressed = true,
		.is_portable = true,
	},
	{
		.kind = PRESET_SCCACHE,
		.name = "sccache",
		.paths = sccache,
		.allowed = sccache_allowed,
		.key = nothing,
		.environment = nothing,
		.is_content_addressed = true,
		.has_free_files = true,
		.is_portable = true,
	},
	{
		.kind = PRESET_UV,
		.name = "uv",
		.paths = uv,
		.allowed = uv_allowed,
		.key = uv_key,
		.environment = nothing,
		.is_content_addressed = true,
		.is_portable = true,
	},
};

const char cache_preset_names[] = "cargo, cargo-home, ccache, go, npm, pip, pnpm, sccache, uv";

const struct cache_preset *
cache_preset_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(presets); i++)
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	return NULL;
}

bool
cache_path_is_outside(const char *path)
{
	return *path == '/' || *path == '~' || *path == '$';
}

bool
cache_preset_allows(const struct cache_preset *preset, const char *path)
{
	for (size_t i = 0; preset->allowed[i]; i++)
		if (path_is_below(path, preset->allowed[i]))
			return true;
	return false;
}
