#include "layer/helper/layer_helper.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static const struct helper_verb verbs[] = {
	{ "check", serve_check },   { "list", serve_list },   { "remove", serve_remove },
	{ "unpack", serve_unpack }, { "walls", serve_walls }, { 0 },
};

int
service_confine_process(struct service *service, int tree_fd, struct error **err)
{
	return service->no_walls ? 0 : confine_process(tree_fd, &service->walls, err);
}

int
service_confine_calls(struct service *service, struct error **err)
{
	return service->no_walls ? 0 : confine_calls(&service->walls, err);
}

static const struct helper_verb *
find_verb(const struct helper_verb *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* NULL: not understood. */
static const struct helper_verb *
read_arguments(struct service *service, char **argv, const struct helper_verb *more)
{
	const struct helper_verb *verb = NULL;

	for (; *argv; argv++)
		if (strcmp(*argv, "--no-walls") == 0)
			service->no_walls = true;
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
		return error_set(err, ERROR_FAILURE, "ocifp-layer is started by ocifp alone");
	if (message_get_text(&service->request, &version, err) < 0)
		return -1;
	if (strcmp(version, PACKAGE_VERSION) != 0)
		return error_set(err, ERROR_FAILURE, "ocifp-layer is not of the same version");
	return 0;
}

static int
serve(struct service *service, const struct helper_verb *verb, struct error **err)
{
	return read_request(service, err) < 0 ? -1 : verb->serve(service, err);
}

static void
tell_failure(const struct service *service, const struct error *failure)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_FAILURE);
	AUTO_ERROR struct error *ignored = NULL;

	message_put_error(&message, failure);
	(void)message_send(service->channel_fd, &message, &ignored);
}

/* ocifp gives a socket as the channel, and nothing to read as stdin. */
static bool
is_started_by_ocifp(const struct service *service)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return getsockopt(service->channel_fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	       domain == AF_UNIX && !isatty(STDIN_FILENO);
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
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	umask(0);
	if (serve(&service, verb, &failure) < 0)
		tell_failure(&service, failure);
	message_release(&service.request);
	return failure ? 1 : 0;
}
