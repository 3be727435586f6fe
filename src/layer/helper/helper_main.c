/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "layer/helper/layer_helper.h"
#include "layer/helper/remove_tree.h"
#include "layer/listed.h"
#include "layer/unpack_request.h"
#include "sandbox/userns.h"

int
service_confine_process(struct service *service, int tree_fd, struct error **err)
{
	return service->no_sandbox ? 0 : confine_process(tree_fd, &service->sandbox, err);
}

int
service_confine_calls(struct service *service, struct error **err)
{
	return service->no_sandbox ? 0 : confine_calls(&service->sandbox, err);
}

static int
await_maps(const struct service *service, struct error **err)
{
	const struct message unshared = MESSAGE_INIT(MESSAGE_UNSHARED);
	AUTO_MESSAGE struct message mapped = MESSAGE_INIT(0);
	bool ended = false;

	if (message_send(service->channel_fd, &unshared, err) < 0 ||
	    message_receive(service->channel_fd, &mapped, &ended, err) < 0)
		return -1;
	if (ended || mapped.type != MESSAGE_MAPPED)
		return error_set(err, ERROR_FAILURE,
				 "ocifp did not map the ids of the user namespace");
	return 0;
}

int
service_enter_ids(struct service *service, const struct id_map *map, struct error **err)
{
	if (map->kind != ID_MAP_RANGES)
		return 0;
	if (userns_enter(err) < 0 || await_maps(service, err) < 0 || userns_become_root(err) < 0)
		return -1;
	/* A change of ids clears this. */
	process_end_with_parent();
	return 0;
}

static int
serve_sandbox(struct service *service, struct error **err)
{
	AUTO_MESSAGE struct message result = MESSAGE_INIT(MESSAGE_RESULT);

	if (service_confine_process(service, -1, err) < 0 ||
	    service_confine_calls(service, err) < 0)
		return -1;
	message_put_number(&result, service->sandbox.walls);
	message_put_number(&result, service->sandbox.limits);
	message_put_number(&result, service->sandbox.no_new_privs);
	message_put_number(&result, (uint64_t)service->sandbox.landlock_abi);
	message_put_number(&result, service->sandbox.seccomp);
	return message_send(service->channel_fd, &result, err);
}

static int
send_listed(void *context, const struct listed *listed, struct error **err)
{
	const struct service *service = context;
	AUTO_MESSAGE struct message item = MESSAGE_INIT(MESSAGE_ITEM);

	listed_put(&item, listed);
	return message_send(service->channel_fd, &item, err);
}

static int
serve_list(struct service *service, struct error **err)
{
	const struct message result = MESSAGE_INIT(MESSAGE_RESULT);

	if (service_confine_process(service, -1, err) < 0 ||
	    service_confine_calls(service, err) < 0 ||
	    list_tar(HELPER_FIRST_FD, send_listed, service, err) < 0)
		return -1;
	return message_send(service->channel_fd, &result, err);
}

static int
serve_remove(struct service *service, struct error **err)
{
	const struct message result = MESSAGE_INIT(MESSAGE_RESULT);
	struct id_map map = { 0 };

	if (id_map_get(&service->request, &map, err) < 0 ||
	    service_enter_ids(service, &map, err) < 0 ||
	    service_confine_process(service, HELPER_FIRST_FD, err) < 0 ||
	    service_confine_calls(service, err) < 0)
		return -1;
	if (remove_children(HELPER_FIRST_FD) < 0)
		return error_set_errno(err, errno, "cannot remove the tree");
	return message_send(service->channel_fd, &result, err);
}

static const struct helper_verb verbs[] = {
	{ "check", serve_check },     { "export", serve_export },
	{ "inflate", serve_inflate }, { "list", serve_list },
	{ "remove", serve_remove },   { "unpack", serve_unpack },
	{ "sandbox", serve_sandbox }, { 0 },
};

static const struct helper_verb *
find_verb(const struct helper_verb *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* NULL: no such verb. */
static const struct helper_verb *
read_arguments(struct service *service, char **argv, const struct helper_verb *more)
{
	const struct helper_verb *verb = NULL;

	for (; *argv; argv++)
		if (strcmp(*argv, "--no-sandbox") == 0)
			service->no_sandbox = true;
		else if (strcmp(*argv, "--walk") == 0)
			service->walk = true;
		else if (!(verb = find_verb(verbs, *argv)))
			verb = find_verb(more, *argv);
	return verb;
}

static int
read_request(struct service *service, struct error **err)
{
	const char *version = NULL;
	bool ended = false;

	if (message_receive(service->channel_fd, &service->request, &ended, err) < 0)
		return -1;
	if (ended || service->request.type != MESSAGE_REQUEST)
		return error_set(err, ERROR_FAILURE, "ocifp-layer can be started by ocifp only");
	if (message_get_text(&service->request, &version, err) < 0)
		return -1;
	if (strcmp(version, PACKAGE_VERSION) != 0)
		return error_set(err, ERROR_FAILURE,
				 "ocifp-layer is of another version than ocifp");
	return 0;
}

/* ocifp passes a socket as the channel, and no terminal as stdin. */
static bool
is_started_by_ocifp(const struct service *service)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof(address);

	return getsockname(service->channel_fd, (struct sockaddr *)&address, &size) == 0 &&
	       address.ss_family == AF_UNIX && !isatty(STDIN_FILENO);
}

int
helper_main(int argc, char **argv, const struct helper_verb *more)
{
	static const char by_hand[] = "ocifp-layer: cannot be started by hand: ocifp starts it\n";
	struct service service = {
		.channel_fd = HELPER_CHANNEL_FD,
		.request = MESSAGE_INIT(0),
	};
	const struct helper_verb *verb = argc > 1 ? read_arguments(&service, argv + 1, more) : NULL;
	AUTO_ERROR struct error *failure = NULL;

	if (!is_started_by_ocifp(&service)) {
		(void)!write(STDERR_FILENO, by_hand, sizeof(by_hand) - 1);
		return 2;
	}
	if (!verb)
		return 2;
	process_end_with_parent();
	(void)signal(SIGPIPE, SIG_IGN);
	umask(0);
	if ((read_request(&service, &failure) < 0 ? -1 : verb->serve(&service, &failure)) < 0) {
		AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_FAILURE);
		AUTO_ERROR struct error *ignored = NULL;

		message_put_error(&message, failure);
		(void)message_send(service.channel_fd, &message, &ignored);
	}
	message_release(&service.request);
	return failure ? 1 : 0;
}
