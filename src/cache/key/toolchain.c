/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/key/toolchain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/key/key_file.h"
#include "cache/key/spec.h"

extern char **environ;

void
toolchain_release(struct toolchain *toolchain)
{
	free(toolchain->words);
	free(toolchain->said);
	free(toolchain->system);
	*toolchain = (struct toolchain){ 0 };
}

/* "ID=debian" or 'VERSION_ID="12"'; the caller owns the value.  NULL: it has none. */
static char *
setting_of(const char *text, const char *key)
{
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *value = at + strlen(key) + 1;
		size_t size;

		if (!text_starts(at, key) || at[strlen(key)] != '=')
			continue;
		value += strspn(value, "\"'");
		size = strcspn(value, "\"'\n");
		return xstrndup(value, size);
	}
	return NULL;
}

static char *
find_system(void)
{
	static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		AUTO_BUF struct buf bytes = BUF_INIT(USER_TABLE_LIMIT_BYTES);
		AUTO_ERROR struct error *ignored = NULL;
		AUTO_FREE char *id = NULL;
		AUTO_FREE char *version = NULL;
		AUTO_FREE char *words = NULL;

		if (file_read(AT_FDCWD, paths[i], &bytes, &ignored) < 0 || bytes.size == 0)
			continue;
		id = setting_of(bytes.data, "ID");
		version = setting_of(bytes.data, "VERSION_ID");
		words = xasprintf("%s%s%s", id ? id : "unknown", version ? " " : "",
				  version ? version : "");
		return text_quote_string(words);
	}
	return xstrdup("unknown");
}

/* The channel in rust-toolchain.toml or rust-toolchain; NULL: none, or a path, which is part of the
 * key as a file. */
static char *
find_channel(const char *directory)
{
	static const char *const names[] = { "rust-toolchain", "rust-toolchain.toml" };
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		AUTO_BUF struct buf bytes = BUF_INIT(KEY_INPUT_LIMIT_BYTES);
		AUTO_ERROR struct error *ignored = NULL;
		const char *channel;
		bool is_found;

		if (key_file_read(directory, names[i], true, &bytes, &is_found, &ignored) < 0 ||
		    !is_found || bytes.size == 0)
			continue;
		channel = strstr(bytes.data, "channel");
		channel = channel ? channel + strlen("channel") : bytes.data;
		channel += strspn(channel, " \t=\"'\n");
		if (*channel == '[' || !strspn(channel, letters) || *channel == '.')
			return NULL;
		return xstrndup(channel, strspn(channel, letters));
	}
	return NULL;
}

static char **
make_environment(const char *variable, const char *value)
{
	size_t count = 0;
	size_t kept = 0;
	char **copy;

	while (environ[count])
		count++;
	copy = xcalloc(count + 2, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		if (!text_starts(environ[i], variable) || environ[i][strlen(variable)] != '=')
			copy[kept++] = xstrdup(environ[i]);
	copy[kept] = xasprintf("%s=%s", variable, value);
	return copy;
}

static void
free_environment(char ***environment)
{
	for (size_t i = 0; *environment && (*environment)[i]; i++)
		free((*environment)[i]);
	free(*environment);
}

static int
ask(const struct cache_spec *spec, struct buf *output, struct error **err)
{
	const char *program = spec->preset->toolchain[0];
	AUTO_FREE char *channel =
		strcmp(program, "rustc") == 0 ? find_channel(spec->directory) : NULL;
	CLEANUP(free_environment)
	char **environment = channel ? make_environment("RUSTUP_TOOLCHAIN", channel)
				     : make_environment("GOTOOLCHAIN", "local");
	AUTO_BUF struct buf messages = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	const struct spawn_options options = {
		.argv = spec->preset->toolchain,
		.environment = (const char *const *)environment,
		.directory = "/",
		.output = output,
		.messages = &messages,
		.deadline_ms = deadline_after_ms(TOOLCHAIN_TIMEOUT_MS),
	};
	struct spawn_result result = { 0 };

	if (spawn_run(&options, &result, err) < 0)
		return -1;
	if (result.exit_status == 0 && output->size > 0)
		return 0;
	error_set(err, ERROR_USAGE, "cannot make the key of cache '%s': '%s %s' failed", spec->name,
		  program, spec->preset->toolchain[1]);
	return error_set_hint(err, "install it before this step, or name the 'image' that has it");
}

int
toolchain_find(const struct cache_spec *spec, struct toolchain *ret_toolchain, struct error **err)
{
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	AUTO_FREE char *first = NULL;

	if (spec->preset->toolchain && ask(spec, &output, err) < 0)
		return -1;
	first = xstrndup(output.data ? output.data : "",
			 output.data ? strcspn(output.data, "\n") : 0);
	*ret_toolchain = (struct toolchain){
		.words = text_quote_string(first),
		.said = output.data ? buf_take(&output) : xstrdup(""),
		.system = find_system(),
	};
	return 0;
}
