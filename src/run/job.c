/* SPDX-License-Identifier: Apache-2.0 */
#include "run/job.h"

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
#include "fingerprint/paths.h"
#include "oci/config.h"
#include "oci/document.h"
#include "run/root/in_root.h"

/* '["/bin/sh", "-c"]' */
static int
add_words(struct strings *args, const char *text, struct error **err)
{
	AUTO_FREE char *object = xasprintf("{\"words\":%s}", text);
	AUTO_JSON json_t *document = document_parse(object, strlen(object), err);
	const json_t *array = json_object_get(document, "words");
	size_t i;
	json_t *word;

	if (!document)
		return error_wrap(err, "--entrypoint");
	json_array_foreach (array, i, word) {
		if (!json_is_string(word))
			return error_set(err, ERROR_USAGE, "--entrypoint: not an array of words");
		strings_add(args, json_string_value(word));
	}
	return 0;
}

/* As in docker and podman: a new entry point drops the image's command. */
static int
make_args(const struct image_config *config, const struct job_options *options,
	  struct strings *args, struct error **err)
{
	const char *entrypoint = options->entrypoint;

	if (options->login_shell) {
		strings_add(args, "/bin/sh"); /* until job_settle() knows the user's */
		strings_add(args, "-l");
		return 0;
	}
	if (!entrypoint)
		strings_copy(&config->entrypoint, args);
	else if (*entrypoint == '[' && add_words(args, entrypoint, err) < 0)
		return -1;
	else if (*entrypoint && *entrypoint != '[')
		strings_add(args, entrypoint);
	if (options->command && options->command->count > 0)
		strings_copy(options->command, args);
	else if (!entrypoint)
		strings_copy(&config->command, args);
	if (args->count > 0 && *args->items[0])
		return 0;
	if (args->count > 0) {
		error_set(err, ERROR_USAGE, "nothing to run: the program's name is empty");
		return error_set_hint(err, "--entrypoint '' runs COMMAND without the image's "
					   "entry point");
	}
	error_set(err, ERROR_USAGE, "nothing to run: the image has no entry point and no command");
	return error_set_hint(err, "add a command after '--'");
}

static int
check_hostname(const char *name, struct error **err)
{
	if (!name || (*name && strlen(name) <= HOST_NAME_LIMIT_BYTES &&
		      !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._")]))
		return 0;
	return error_set(err, ERROR_USAGE, "--hostname: '%s' is not a valid host name",
			 QUOTED(name ? name : ""));
}

int
job_make(const struct image_config *config, const struct job_options *options, struct job *ret_job,
	 struct error **err)
{
	AUTO_JOB struct job job = {
		.hostname = xstrdup_null(options->hostname),
		.read_only = options->read_only,
		.interactive = options->interactive,
		.terminal = options->terminal,
	};

	if (check_hostname(options->hostname, err) < 0 ||
	    make_args(config, options, &job.args, err) < 0 ||
	    job_make_env(config, options, &job.env, err) < 0)
		return -1;
	*ret_job = job;
	job = (struct job){ 0 };
	return 0;
}

static const char *
said_or(const char *said, const char *otherwise)
{
	return said && *said ? said : otherwise ? otherwise : "";
}

const char *const job_plain_folders[] = { "/dev", "/proc", "/sys", NULL };

/* The engine mounts these after us, and they have links to its own descriptors and so to the host:
 * /proc/self/fd/4, /dev/fd/4, /proc/1/cwd.  Of its /dev these two are plain directories. */
static int
check_directory(const char *said, const char *path, struct error **err)
{
	if (strcmp(path, "/dev") == 0 || strcmp(path, "/dev/shm") == 0)
		return 0;
	for (const char *const *folder = job_plain_folders; *folder; folder++) {
		if (!path_is_below(path, *folder))
			continue;
		return error_set(err, ERROR_CONTENT,
				 "invalid working directory '%s': expected a directory outside "
				 "/dev, /proc and /sys",
				 QUOTED(said));
	}
	return 0;
}

static int
settle_directory(struct job *job, const char *path, int root_fd, struct strings *made,
		 struct error **err)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	AUTO_FREE char *absolute = xasprintf("/%s", path);

	if (in_root_make_through(root_fd, job->unmounted, absolute, MAKE_DIRECTORY, made, &place,
				 err) < 0)
		return error_wrap(err, "working directory");
	if (check_directory(path, place.path, err) < 0)
		return -1;
	job->directory = TAKE_PTR(place.path);
	return 0;
}

/* A user of `ocifp shell` does not want a shell that is missing or not executable. */
static int
settle_shell(struct job *job, int root_fd, struct error **err)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	const char *shell = job->user.shell;
	bool found = false;

	if (!shell || text_ends(shell, "/nologin") || text_ends(shell, "/false"))
		return 0;
	if (in_root_find(root_fd, shell, &place, &found, err) < 0)
		return -1;
	if (!found)
		return 0;
	free(job->args.items[0]);
	job->args.items[0] = xstrdup(shell);
	return 0;
}

int
job_settle(struct job *job, const struct image_config *config, const struct job_options *options,
	   int root_fd, struct strings *made, struct error **err)
{
	const char *user = said_or(options->user, config->user);

	if (job_find_user(root_fd, user, &job->user, err) < 0)
		return -1;
	if (options->login_shell && settle_shell(job, root_fd, err) < 0)
		return -1;
	if (!env_find(&job->env, "HOME"))
		env_set(&job->env, "HOME", job->user.home ? job->user.home : "/");
	if (settle_directory(job, said_or(options->directory, config->working_dir), root_fd, made,
			     err) < 0)
		return -1;
	return job_check_program(job, root_fd, err);
}

/* The engine mounts there by name, so a link of the image would redirect it. */
int
job_make_plain_folders(int root_fd, struct strings *made, struct error **err)
{
	for (const char *const *folder = job_plain_folders; *folder; folder++) {
		AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;

		if (in_root_make(root_fd, *folder, MAKE_DIRECTORY, made, &place, err) < 0)
			return -1;
		if (strcmp(place.path, *folder) != 0)
			return error_set(err, ERROR_CONTENT, "'%s' of the image is a symbolic link",
					 *folder);
	}
	return 0;
}

void
job_release(struct job *job)
{
	strings_release(&job->args);
	strings_release(&job->env);
	free(job->directory);
	free(job->hostname);
	free(job->user.groups);
	free(job->user.home);
	free(job->user.shell);
	*job = (struct job){ 0 };
}

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

/* Takes the entry; a later one replaces an earlier one of the same name. */
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

/* "NAME=VALUE", or "NAME" for the value in our environment, if any. */
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
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread changes it */
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

/* As docker reads them: a line may end with CR LF, and its name has no white space. */
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

int
job_make_env(const struct image_config *config, const struct job_options *options,
	     struct strings *ret_env, struct error **err)
{
	env_set(ret_env, "PATH", default_path);
	if (options->terminal)
		env_set(ret_env, "TERM", "xterm");
	/* Entries of an image that are not "NAME=VALUE" are ignored. */
	for (size_t i = 0; i < config->environment.count; i++)
		if (name_size(config->environment.items[i]) > 0 &&
		    strchr(config->environment.items[i], '='))
			take_entry(ret_env, xstrdup(config->environment.items[i]));
	for (size_t i = 0; options->env_files && i < options->env_files->count; i++)
		if (add_file(ret_env, options->env_files->items[i], err) < 0)
			return -1;
	for (size_t i = 0; options->env && i < options->env->count; i++)
		if (add_said(ret_env, options->env->items[i], err) < 0)
			return -1;
	if (options->prepend_path && options->prepend_path->count > 0) {
		AUTO_FREE char *front = strings_join(options->prepend_path, ":");
		AUTO_FREE char *path = xasprintf("%s:%s", front, env_find(ret_env, "PATH"));

		env_set(ret_env, "PATH", path);
	}
	return 0;
}
