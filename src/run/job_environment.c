#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/config.h"
#include "run/job.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char byte_order_mark[] = "\xef\xbb\xbf";

static size_t
name_size(const char *entry)
{
	return strcspn(entry, "=");
}

static bool
has_name(const char *entry, const char *name, size_t size)
{
	return name_size(entry) == size && strncmp(entry, name, size) == 0;
}

const char *
env_find(const struct strings *env, const char *name)
{
	for (size_t i = 0; i < env->count; i++)
		if (has_name(env->items[i], name, strlen(name)) && env->items[i][strlen(name)])
			return env->items[i] + strlen(name) + 1;
	return NULL;
}

/* Takes the entry; of the same name only the last one counts. */
static void
take_entry(struct strings *env, char *entry)
{
	for (size_t i = 0; i < env->count; i++) {
		if (has_name(env->items[i], entry, name_size(entry))) {
			free(env->items[i]);
			env->items[i] = entry;
			return;
		}
	}
	strings_take(env, entry);
}

void
env_set(struct strings *env, const char *name, const char *value)
{
	take_entry(env, xasprintf("%s=%s", name, value));
}

/* "NAME=VALUE", or "NAME" for what we were given under that name, if anything. */
static int
add_said(struct strings *env, const char *said, struct error **err)
{
	const char *value;

	if (name_size(said) == 0)
		return error_set(err, ERROR_USAGE, "an environment variable without a name");
	if (said[name_size(said)] == '=') {
		take_entry(env, xstrdup(said));
		return 0;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it */
	value = getenv(said);
	if (value)
		env_set(env, said, value);
	return 0;
}

static int
check_name(const char *line, struct error **err)
{
	AUTO_FREE char *name = xstrndup(line, name_size(line));

	if (!strpbrk(name, " \t"))
		return 0;
	error_set(err, ERROR_USAGE, "invalid name '%s': expected NAME=VALUE or NAME", QUOTED(name));
	if (text_starts(name, "export "))
		error_set_hint(err, "remove 'export'");
	return -1;
}

/* As docker reads them: a line may end with CR LF, and its name holds no white space. */
static int
add_lines(struct strings *env, char *lines, struct error **err)
{
	char *line;

	for (unsigned number = 1; (line = strsep(&lines, "\n")); number++) {
		size_t size = strlen(line);

		if (size > 0 && line[size - 1] == '\r')
			line[size - 1] = '\0';
		line += strspn(line, " \t");
		if (*line == '\0' || *line == '#')
			continue;
		if (check_name(line, err) < 0 || add_said(env, line, err) < 0)
			return error_wrap(err, "line %u", number);
	}
	return 0;
}

static int
add_file(struct strings *env, const char *path, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(ENV_FILE_LIMIT_BYTES);
	char *lines;

	if (file_read(AT_FDCWD, path, &buf, err) < 0)
		return error_wrap(err, "--env-file");
	if (!buf.data)
		return 0;
	if (strlen(buf.data) != buf.size)
		return error_set(err, ERROR_USAGE, "'%s' holds a NUL byte", QUOTED(path));
	lines = buf.data + (text_starts(buf.data, byte_order_mark) ? strlen(byte_order_mark) : 0);
	return add_lines(env, lines, err) < 0 ? error_wrap(err, "'%s'", QUOTED(path)) : 0;
}

/* What is no "NAME=VALUE" in an image means nothing. */
static void
add_config(struct strings *env, const struct strings *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (name_size(entries->items[i]) > 0 && strchr(entries->items[i], '='))
			take_entry(env, xstrdup(entries->items[i]));
}

int
job_make_env(const struct image_config *config, const struct job_options *options,
	     struct strings *ret_env, struct error **err)
{
	env_set(ret_env, "PATH", default_path);
	if (options->terminal)
		env_set(ret_env, "TERM", "xterm");
	add_config(ret_env, &config->environment);
	for (size_t i = 0; options->env_files && i < options->env_files->count; i++)
		if (add_file(ret_env, options->env_files->items[i], err) < 0)
			return -1;
	for (size_t i = 0; options->env && i < options->env->count; i++)
		if (add_said(ret_env, options->env->items[i], err) < 0)
			return -1;
	return 0;
}
