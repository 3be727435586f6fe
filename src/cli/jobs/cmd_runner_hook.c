/* SPDX-License-Identifier: Apache-2.0 */
/* The container hooks of a GitHub Actions runner (ACTIONS_RUNNER_CONTAINER_HOOKS; docs/adrs/1891 of
 * actions/runner): one JSON object on standard input, one in the response file.
 *
 *     prepare_job           --> the image in the store, a kept root, isAlpine
 *     run_script_step       --> a job in that root
 *     run_container_step    --> a job in a root of its own
 *     cleanup_job           --> the root removed
 *
 * The runner is the caller.  The author of the workflow chose the container and its options.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/jobs/cmd_run.h"
#include "cli/options/options.h"
#include "fingerprint/paths.h"
#include "image/resolve/target.h"
#include "image/transfer/pull.h"
#include "oci/document.h"
#include "oci/reference.h"
#include "run/root/volumes.h"

#define DOCKER_SOCKET "/var/run/docker.sock"
#define NAME_HEX_CHARS 16

struct hook_values {
	bool allows_host_volumes;
};

static const struct option_spec hook_options[] = {
	{ "allow-host-volumes", 0, OPTION_FLAG, offsetof(struct hook_values, allows_host_volumes),
	  NULL, "let workflows mount any path that the runner may read" },
	{ 0 },
};

struct request {
	const char *command;
	const char *response_file; /* NULL: not wanted */
	const json_t *args;        /* NULL */
	const json_t *state;       /* the answer of prepare_job; NULL */
};

static const struct field request_fields[] = {
	FIELD("command", FIELD_STRING, true, request, command),
	FIELD("responseFile", FIELD_STRING, false, request, response_file),
	FIELD("args", FIELD_OBJECT, false, request, args),
	FIELD("state", FIELD_OBJECT, false, request, state),
};

struct container_args {
	const char *image;
	const char *dockerfile;
	const char *entrypoint;
	const char *directory;
	const char *options; /* as for `docker create` */
	const json_t *words; /* after the entry point; split at each space, including quotes */
	const json_t *env;
	const json_t *prepend_path;
	const json_t *registry;
	const json_t *ports;
	const json_t *volumes;        /* the workflow's */
	const json_t *runner_volumes; /* the runner's: work, externals, temp */
};

static const struct field container_fields[] = {
	FIELD("image", FIELD_STRING, false, container_args, image),
	FIELD("dockerfile", FIELD_STRING, false, container_args, dockerfile),
	FIELD("entryPoint", FIELD_STRING, false, container_args, entrypoint),
	FIELD("workingDirectory", FIELD_STRING, false, container_args, directory),
	FIELD("createOptions", FIELD_STRING, false, container_args, options),
	FIELD("entryPointArgs", FIELD_ARRAY, false, container_args, words),
	FIELD("environmentVariables", FIELD_STRINGS, false, container_args, env),
	FIELD("prependPath", FIELD_WORDS, false, container_args, prepend_path),
	FIELD("registry", FIELD_OBJECT, false, container_args, registry),
	FIELD("portMappings", FIELD_ARRAY, false, container_args, ports),
	FIELD("userMountVolumes", FIELD_ARRAY, false, container_args, volumes),
	FIELD("systemMountVolumes", FIELD_ARRAY, false, container_args, runner_volumes),
};

struct state {
	const char *root;
	const char *image; /* "host/name@sha256:..." */
	const json_t *container;
};

static const struct field state_fields[] = {
	FIELD("root", FIELD_STRING, true, state, root),
	FIELD("image", FIELD_STRING, true, state, image),
	FIELD("container", FIELD_OBJECT, true, state, container),
};

/* Options of `docker create` that `container: options:` may use: none of them reads or writes
 * anything of the host. */
#define AT(member) JOB_OPTION(member)
static const struct option_spec create_options[] = {
	{ "env", 'e', OPTION_STRINGS, AT(env), "NAME=VALUE", NULL },
	{ "volume", 'v', OPTION_STRINGS, AT(volumes), "SOURCE:PATH[:ro]", NULL },
	{ "workdir", 'w', OPTION_STRING, AT(directory), "DIR", NULL },
	{ "user", 'u', OPTION_STRING, AT(user), "USER[:GROUP]", NULL },
	{ "entrypoint", 0, OPTION_STRING, AT(entrypoint), "WORD", NULL },
	{ "hostname", 0, OPTION_STRING, AT(hostname), "NAME", NULL },
	{ "net", 0, OPTION_STRING, AT(network), "host|none", NULL },
	{ "tmpfs", 0, OPTION_STRINGS, AT(tmpfs), "PATH[:OPTIONS]", NULL },
	{ "read-only", 0, OPTION_FLAG, AT(read_only), NULL, NULL },
	{ "memory", 'm', OPTION_STRING, AT(memory), "SIZE", NULL },
	{ "cpus", 0, OPTION_STRING, AT(cpus), "N", NULL },
	{ "pids-limit", 0, OPTION_UINT, AT(pids), "N", NULL },
	{ "interactive", 'i', OPTION_FLAG, AT(removes), NULL, NULL },
	{ "tty", 't', OPTION_FLAG, AT(removes), NULL, NULL },
	{ "init", 0, OPTION_FLAG, AT(removes), NULL, NULL },
	{ 0 },
};

/* A job, made from the descriptions of the container and the step. */
struct hook_job {
	struct run_values values;
	struct strings options; /* the words of "createOptions", which values point into */
	struct option_table tables[2];
	struct operands operands;
	struct strings command;
	char *entrypoint;
	char *work; /* the runner's folder for jobs, free of links */
};

static void
hook_job_release(struct hook_job *job)
{
	options_release(job->tables, job->tables[0].specs ? 2 : 0);
	strings_release(&job->operands.words);
	strings_release(&job->options);
	strings_release(&job->command);
	strings_release(&job->values.prepend_path);
	strings_release(&job->values.folder_paths);
	free(job->entrypoint);
	free(job->work);
}
#define AUTO_HOOK_JOB CLEANUP(hook_job_release)

static int
add_quoted(const char **at, struct buf *word, struct error **err)
{
	char quote = *(*at)++;

	for (; **at && **at != quote; (*at)++) {
		if (quote == '"' && **at == '\\' && ((*at)[1] == '"' || (*at)[1] == '\\'))
			(*at)++;
		if (buf_append(word, *at, 1, err) < 0)
			return -1;
	}
	if (!**at)
		return error_set(err, ERROR_USAGE, "a quote is not closed");
	(*at)++;
	return 0;
}

/* Splits words as a shell does.  The runner splits words at each space, so that "a b" arrives as
 * two words with a quote each: joins them first. */
static int
split_words(const char *text, struct strings *words, struct error **err)
{
	static const char spaces[] = " \t\n";

	while (*(text += strspn(text, spaces))) {
		AUTO_BUF struct buf word = BUF_INIT(ENGINE_ARGS_LIMIT_BYTES);

		while (*text && !strchr(spaces, *text)) {
			if (*text == '"' || *text == '\'') {
				if (add_quoted(&text, &word, err) < 0)
					return error_wrap(err, "cannot split the words");
				continue;
			}
			if (*text == '\\' && text[1])
				text++;
			if (buf_append(&word, text++, 1, err) < 0)
				return -1;
		}
		strings_take(words, word.data ? buf_take(&word) : xstrdup(""));
	}
	return 0;
}

static int
strings_of(const json_t *array, const char *what, struct strings *strings, struct error **err)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text)
			return error_set(err, ERROR_USAGE, "'%s' is not a list of strings", what);
		strings_add(strings, text);
	}
	return 0;
}

static int
add_words(const json_t *array, struct strings *words, struct error **err)
{
	AUTO_STRINGS struct strings parts = { 0 };
	AUTO_FREE char *text = NULL;

	if (strings_of(array, "entryPointArgs", &parts, err) < 0)
		return -1;
	text = strings_join(&parts, " ");
	return split_words(text, words, err);
}

static void
add_env(struct strings *env, const json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value)
		strings_take(env, xasprintf("%s=%s", name, json_string_value(value)));
}

struct mount {
	const char *source;
	const char *target;
	const json_t *read_only;
};

static int
read_mount(const json_t *item, struct mount *mount, struct error **err)
{
	static const struct field fields[] = {
		FIELD("sourceVolumePath", FIELD_STRING, true, mount, source),
		FIELD("targetVolumePath", FIELD_STRING, true, mount, target),
	};

	if (DOCUMENT_READ(item, fields, mount, err) < 0)
		return -1;
	mount->read_only = json_object_get(item, "readOnly");
	if (*mount->source && !strchr(mount->source, ':') && !strchr(mount->target, ':'))
		return 0;
	return error_set(err, ERROR_USAGE,
			 "cannot mount '%s' at '%s': a source is missing, or a "
			 "path has a colon",
			 QUOTED(mount->source), QUOTED(mount->target));
}

/* "WORK/_temp/_runner_hook_responses/GUID.json" */
static char *
work_folder(const char *response_file)
{
	AUTO_FREE char *responses = path_folder(response_file);
	AUTO_FREE char *temp = path_folder(responses);

	return path_folder(temp);
}

/* Docker's socket is left out: access to it is root access to the machine.  A step can write to the
 * work folder, and could replace a folder in it by a link that the next step would mount. */
static int
add_runner_mounts(const json_t *array, const char *work, struct run_values *values,
		  struct error **err)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct mount mount = { 0 };
		const char *mode;

		if (read_mount(json_array_get(array, i), &mount, err) < 0)
			return error_wrap(err, "systemMountVolumes[%zu]", i);
		mode = json_is_true(mount.read_only) ? ":ro" : "";
		if (strcmp(mount.target, DOCKER_SOCKET) == 0)
			continue;
		if (path_is_below(mount.source, work))
			strings_take(&values->folder_paths,
				     xasprintf(".%s:%s%s", mount.source + strlen(work),
					       mount.target, mode));
		else
			strings_take(&values->volumes,
				     xasprintf("%s:%s%s", mount.source, mount.target, mode));
	}
	return 0;
}

static int
check_source(const struct hook_values *hook, const char *volume, struct error **err)
{
	if (hook->allows_host_volumes || (*volume != '/' && *volume != '.'))
		return 0;
	error_set(err, ERROR_REFUSED, "the workflow mounts '%s', a path of this machine",
		  QUOTED(volume));
	return error_set_hint(err, "use a named volume, or let workflows mount such paths: ocifp "
				   "runner-hook --allow-host-volumes");
}

static int
add_workflow_mounts(const struct hook_values *hook, const json_t *array, struct strings *volumes,
		    struct error **err)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct mount mount = { 0 };

		if (read_mount(json_array_get(array, i), &mount, err) < 0)
			return error_wrap(err, "userMountVolumes[%zu]", i);
		if (check_source(hook, mount.source, err) < 0)
			return -1;
		strings_take(volumes, xasprintf("%s:%s%s", mount.source, mount.target,
						json_is_true(mount.read_only) ? ":ro" : ""));
	}
	return 0;
}

static int
read_options(const struct hook_values *hook, const char *text, struct hook_job *job,
	     struct error **err)
{
	AUTO_FREE char **argv = NULL;

	strings_add(&job->options, "options");
	if (split_words(text ? text : "", &job->options, err) < 0)
		return -1;
	argv = xcalloc(job->options.count + 1, sizeof(*argv));
	for (size_t i = 0; i < job->options.count; i++)
		argv[i] = job->options.items[i];
	job->tables[0] = (struct option_table){ create_options, &job->values };
	job->tables[1] = (struct option_table){ docker_run_options, &job->values };
	if (options_parse(job->tables, 2, (int)job->options.count, argv, &job->operands, err) < 0)
		return -1;
	if (job->operands.words.count > 0)
		return error_set(err, ERROR_USAGE, "'%s' is not an option",
				 QUOTED(job->operands.words.items[0]));
	for (size_t i = 0; i < job->values.volumes.count; i++)
		if (check_source(hook, job->values.volumes.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < job->values.env.count; i++)
		if (!strchr(job->values.env.items[i], '='))
			return error_set(err, ERROR_REFUSED,
					 "the workflow asks for variable '%s' of the runner",
					 QUOTED(job->values.env.items[i]));
	return 0;
}

/* "8080:8080/tcp" needs no mapping. */
static int
check_ports(const json_t *ports, struct error **err)
{
	AUTO_STRINGS struct strings mappings = { 0 };

	if (strings_of(ports, "portMappings", &mappings, err) < 0)
		return -1;
	for (size_t i = 0; i < mappings.count; i++) {
		const char *text = mappings.items[i];
		size_t size = strcspn(text, ":");
		const char *inside = text[size] ? text + size + 1 : text;

		if (strncmp(text, inside, size) == 0 && strspn(inside, "0123456789") == size)
			continue;
		error_set(err, ERROR_USAGE, "cannot map port '%s'", QUOTED(text));
		return error_set_hint(err, "a job has the ports of this machine: let it listen at "
					   "the port that others ask");
	}
	return 0;
}

static int
add_container(const struct hook_values *hook, const struct request *request,
	      const struct container_args *container, struct hook_job *job, struct error **err)
{
	struct run_values *values = &job->values;
	AUTO_FREE char *work = NULL;

	if (!request->response_file)
		return error_set(err, ERROR_USAGE, "'responseFile' is missing");
	work = work_folder(request->response_file);
	job->work = realpath(work, NULL);
	if (!job->work)
		return error_set_path(err, errno, "find", work);
	values->folder = job->work;
	if (check_ports(container->ports, err) < 0)
		return -1;
	if (read_options(hook, container->options, job, err) < 0)
		return error_wrap(err, "the container's options");
	add_env(&values->env, container->env);
	strings_add(&values->env, "GITHUB_ACTIONS=true");
	if (!json_object_get(container->env, "CI"))
		strings_add(&values->env, "CI=true");
	if (container->directory)
		values->directory = container->directory;
	return add_workflow_mounts(hook, container->volumes, &values->volumes, err) < 0
		       ? -1
		       : add_runner_mounts(container->runner_volumes, work, values, err);
}

/* The command of a step; its variables follow those of its container. */
static int
add_step(const struct container_args *step, struct hook_job *job, struct error **err)
{
	struct run_values *values = &job->values;

	add_env(&values->env, step->env);
	/* Old runners join the directories. */
	if (json_is_string(step->prepend_path) && *json_string_value(step->prepend_path))
		strings_add(&values->prepend_path, json_string_value(step->prepend_path));
	else if (strings_of(step->prepend_path, "prependPath", &values->prepend_path, err) < 0)
		return -1;
	if (step->directory)
		values->directory = step->directory;
	if (step->entrypoint) {
		AUTO_JSON json_t *words = json_pack("[s]", step->entrypoint);

		job->entrypoint = document_format(words);
		values->entrypoint = job->entrypoint;
	}
	return add_words(step->words, &job->command, err);
}

static int
find_reference(const char *image, struct reference *ret_reference, struct error **err)
{
	if (reference_parse_docker(image, ret_reference, err) < 0)
		return error_wrap(err, "image");
	if (ret_reference->digest.algorithm == DIGEST_NONE && !ret_reference->tag)
		ret_reference->tag = xstrdup("latest");
	return 0;
}

struct login {
	const char *username;
	const char *password;
};

/* Only for the registry of the image, whatever host the runner names. */
static int
log_in(struct context *context, const json_t *registry, const char *host, struct error **err)
{
	static const struct field fields[] = {
		FIELD("username", FIELD_STRING, false, login, username),
		FIELD("password", FIELD_STRING, false, login, password),
	};
	struct common_options *options = &context->options;
	struct login login = { 0 };

	if (!registry)
		return 0;
	if (DOCUMENT_READ(registry, fields, &login, err) < 0)
		return error_wrap(err, "registry");
	if (!login.username || !login.password || !*login.username || !*login.password)
		return 0;
	options->password = xstrdup(login.password);
	options->session.registry.username = login.username;
	options->session.registry.password = options->password;
	context_log_in_at_host(context, host);
	return 0;
}

/* *ret_image: the image as it is now, "host/name@sha256:..."; the caller's. */
static int
pull(struct context *context, const struct container_args *container, char **ret_image,
     struct error **err)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_TARGET struct target target = { 0 };
	AUTO_PULL_RESULT struct pull_result pulled = { 0 };
	const struct pull_options options = { 0 };
	AUTO_FREE char *name = NULL;

	if (find_reference(container->image, &reference, err) < 0 ||
	    log_in(context, container->registry, reference.host, err) < 0)
		return -1;
	name = reference_format(&reference);
	if (target_of_options(context, &(const struct target_options){ 0 }, name, &target, err) <
		    0 ||
	    pull_image(context_session(context), &target, &options, &pulled, err) < 0)
		return -1;
	*ret_image = format_resolved(pulled.repository, &pulled.digest);
	return 0;
}

/* A runner runs one job at a time, and has its own folder for responses. */
static char *
root_name(const struct request *request)
{
	AUTO_FREE char *folder = path_folder(request->response_file);
	struct digest digest = digest_of(DIGEST_SHA256, folder, strlen(folder));

	return xasprintf("runner-%.*s", NAME_HEX_CHARS, digest_hex(&digest).text);
}

static int
remove_root(struct context *context, const char *name, struct error **err)
{
	struct store *store = session_store(context_session(context), err);
	bool found;

	if (!store)
		return -1;
	return volume_remove(store, STORE_KEPT_ROOTS, name, &found, err) < 0
		       ? error_wrap(err, "cannot remove the job's root")
		       : 0;
}

static int
respond(const struct request *request, json_t *response, struct error **err)
{
	AUTO_JSON json_t *owned = response;
	AUTO_FREE char *text = document_format(response);
	AUTO_CLOSE int fd = open(request->response_file,
				 O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set_path(err, errno, "write", request->response_file);
	return fd_write_all(fd, text, strlen(text), request->response_file, err);
}

/* The state has the container's description, without the password. */
static json_t *
state_for(const char *root, const char *image, const json_t *container)
{
	json_t *kept = json_copy((json_t *)(uintptr_t)container);

	json_object_del(kept, "registry");
	return json_pack("{s:s, s:s, s:o}", "root", root, "image", image, "container", kept);
}

/* The first job in the root shows that jobs can run here, and which C library it has.  It gets none
 * of the runner's folders, because its shell is the image's and the answer is not written yet. */
static int
is_alpine(struct context *context, struct hook_job *job, const char *image, bool *ret_is_alpine,
	  struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	strings_release(&job->values.folder_paths);
	job->values.directory = "/";
	job->values.entrypoint = "/bin/sh";
	strings_add(&job->command, "-c");
	strings_add(&job->command, "grep -Eqs '^ID=\"?alpine\"?$' /etc/os-release");
	*ret_is_alpine = false;
	if (run_in_image(context, &job->values, image, &job->command, &failure) < 0)
		return error_is(failure, ERROR_NOT_FOUND) ? 0 : error_pass(err, TAKE_PTR(failure));
	*ret_is_alpine = context->job_status == 0;
	context->job_status = 0;
	return 0;
}

struct prepare_args {
	const json_t *container;
	const json_t *services;
};

static int
prepare_job(struct context *context, const struct hook_values *hook, const struct request *request,
	    struct error **err)
{
	static const struct field fields[] = {
		FIELD("container", FIELD_OBJECT, false, prepare_args, container),
		FIELD("services", FIELD_ARRAY, false, prepare_args, services),
	};
	struct prepare_args args = { 0 };
	struct container_args container = { 0 };
	AUTO_HOOK_JOB struct hook_job job = { 0 };
	AUTO_FREE char *image = NULL;
	AUTO_FREE char *root = NULL;
	bool alpine;

	if (DOCUMENT_READ(request->args, fields, &args, err) < 0)
		return -1;
	if (json_array_size(args.services) > 0) {
		error_set(err, ERROR_USAGE, "the job has services, which ocifp cannot run");
		return error_set_hint(err, "start them in a step, or use a runner with docker");
	}
	if (!args.container)
		return 0;
	if (DOCUMENT_READ(args.container, container_fields, &container, err) < 0 ||
	    add_container(hook, request, &container, &job, err) < 0)
		return -1;
	if (!container.image)
		return error_set(err, ERROR_USAGE, "the job's container has no image");
	root = root_name(request);
	if (pull(context, &container, &image, err) < 0 || remove_root(context, root, err) < 0)
		return -1;
	job.values.keep = root;
	if (is_alpine(context, &job, image, &alpine, err) < 0)
		return -1;
	return respond(request,
		       json_pack("{s:o, s:{s:{s:s, s:s, s:{}}, s:[]}, s:b}", "state",
				 state_for(root, image, args.container), "context", "container",
				 "id", root, "network", "host", "ports", "services", "isAlpine",
				 alpine),
		       err);
}

/* Removes states that a step could have written for later steps; no process of the step is left
 * now. */
static int
drop_response(const struct request *request, struct error **err)
{
	if (unlink(request->response_file) == 0 || errno == ENOENT)
		return 0;
	return error_set_path(err, errno, "remove", request->response_file);
}

static int
run_script_step(struct context *context, const struct hook_values *hook,
		const struct request *request, struct error **err)
{
	struct state state = { 0 };
	struct container_args container = { 0 };
	struct container_args step = { 0 };
	AUTO_HOOK_JOB struct hook_job job = { 0 };

	if (!request->state)
		return error_set(err, ERROR_USAGE, "'state' is missing");
	if (DOCUMENT_READ(request->state, state_fields, &state, err) < 0)
		return error_wrap(err, "state");
	if (DOCUMENT_READ(state.container, container_fields, &container, err) < 0 ||
	    DOCUMENT_READ(request->args, container_fields, &step, err) < 0 ||
	    add_container(hook, request, &container, &job, err) < 0 ||
	    add_step(&step, &job, err) < 0)
		return -1;
	job.values.keep = state.root;
	return run_in_image(context, &job.values, state.image, &job.command, err);
}

static int
run_container_step(struct context *context, const struct hook_values *hook,
		   const struct request *request, struct error **err)
{
	struct container_args step = { 0 };
	AUTO_HOOK_JOB struct hook_job job = { 0 };
	AUTO_FREE char *image = NULL;

	if (DOCUMENT_READ(request->args, container_fields, &step, err) < 0)
		return -1;
	if (!step.image || step.dockerfile) {
		error_set(err, ERROR_USAGE,
			  "cannot run an action that is a Dockerfile: ocifp builds "
			  "no images from these");
		return error_set_hint(err, "publish its image and use it as docker://HOST/NAME");
	}
	if (add_container(hook, request, &step, &job, err) < 0 || add_step(&step, &job, err) < 0 ||
	    pull(context, &step, &image, err) < 0)
		return -1;
	return run_in_image(context, &job.values, image, &job.command, err);
}

static int
answer(struct context *context, const struct hook_values *hook, const struct request *request,
       struct error **err)
{
	AUTO_FREE char *root = NULL;
	int result;

	if (strcmp(request->command, "prepare_job") == 0)
		return prepare_job(context, hook, request, err);
	if (strcmp(request->command, "cleanup_job") == 0) {
		root = request->response_file ? root_name(request) : NULL;
		return root ? remove_root(context, root, err) : 0;
	}
	if (strcmp(request->command, "run_script_step") == 0)
		result = run_script_step(context, hook, request, err);
	else if (strcmp(request->command, "run_container_step") == 0)
		result = run_container_step(context, hook, request, err);
	else
		return error_set(err, ERROR_USAGE, "unknown hook '%s'", QUOTED(request->command));
	return result < 0 ? -1 : drop_response(request, err);
}

static int
run_runner_hook(struct context *context, const void *values, const struct strings *operands,
		struct error **err)
{
	AUTO_BUF struct buf input = BUF_INIT(RUNNER_HOOK_LIMIT_BYTES);
	AUTO_JSON json_t *document = NULL;
	struct request request = { 0 };

	(void)operands;
	if (fd_read_all(STDIN_FILENO, &input, "standard input", err) < 0)
		return -1;
	document = document_parse(input.data, input.size, err);
	if (!document || DOCUMENT_READ(document, request_fields, &request, err) < 0)
		return error_wrap(err, "standard input is not a runner's request");
	/* A project file of the checked-out tree must not influence the hook. */
	if (chdir("/") < 0)
		return error_set_errno(err, errno, "cannot go to '/'");
	return answer(context, values, &request, err);
}

const struct command cmd_runner_hook = {
	.name = "runner-hook",
	.summary = "run container jobs of a self-hosted GitHub Actions runner",
	.usage = "[--allow-host-volumes]",
	.options = hook_options,
	.values_size = sizeof(struct hook_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE,
	.runs_job = true,
	.run = run_runner_hook,
};
