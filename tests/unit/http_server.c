/* SPDX-License-Identifier: Apache-2.0 */
#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

#define REQUEST_BYTES 65536

static const char tls_handshake = 0x16; /* RFC 8446, section 5.1: how a ClientHello starts */

static size_t
announced_body(const char *head)
{
	const char *length = strcasestr(head, "\r\ncontent-length:");

	return length ? strtoul(length + strlen("\r\ncontent-length:"), NULL, 10) : 0;
}

static bool
is_whole(const char *request, size_t size)
{
	const char *end = strstr(request, "\r\n\r\n");

	if (size > 0 && *request == tls_handshake)
		return true;
	return end && size >= (size_t)(end + 4 - request) + announced_body(request);
}

static char *
read_request(int connection)
{
	AUTO_FREE char *request = xcalloc(1, REQUEST_BYTES + 1);
	size_t size = 0;

	while (!is_whole(request, size) && size < REQUEST_BYTES) {
		ssize_t got = recv(connection, request + size, REQUEST_BYTES - size, 0);

		if (got <= 0)
			break;
		size += (size_t)got;
	}
	return TAKE_PTR(request);
}

static char *
take_answer(struct http_server *server, char *request)
{
	static const char unexpected[] = "HTTP/1.1 599 No Answer Left\r\nContent-Length: 0\r\n\r\n";
	size_t index;
	char *answer;

	pthread_mutex_lock(&server->lock);
	index = server->requests.count;
	strings_take(&server->requests, request);
	if (server->answers.count > 0 && index >= server->answers.count)
		index = server->answers.count - 1;
	answer = xstrdup(server->answers.count ? server->answers.items[index] : unexpected);
	pthread_mutex_unlock(&server->lock);
	return answer;
}

static void
serve(struct http_server *server, int connection)
{
	char *request = read_request(connection);
	AUTO_FREE char *answer = NULL;
	char rest[1024];

	if (!*request) {
		free(request);
		return;
	}
	answer = take_answer(server, request);
	(void)send(connection, answer, strlen(answer), MSG_NOSIGNAL);
	(void)shutdown(connection, SHUT_WR);
	/* Closed with bytes unread, it would reset what was sent. */
	while (recv(connection, rest, sizeof(rest), 0) > 0)
		;
}

static void *
run(void *arg)
{
	struct http_server *server = arg;
	int connection;

	while ((connection = accept(server->listener, NULL, NULL)) >= 0) {
		serve(server, connection);
		(void)close(connection);
	}
	return NULL;
}

void
http_server_start(struct http_server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	*server = (struct http_server){ .listener = socket(AF_INET, SOCK_STREAM, 0) };
	pthread_mutex_init(&server->lock, NULL);
	if (bind(server->listener, (struct sockaddr *)&address, size) < 0 ||
	    listen(server->listener, 16) < 0 ||
	    getsockname(server->listener, (struct sockaddr *)&address, &size) < 0)
		abort();
	server->port = ntohs(address.sin_port);
	if (pthread_create(&server->thread, NULL, run, server) != 0)
		abort();
}

void
http_server_answer(struct http_server *server, const char *answer)
{
	const char *mark = strstr(answer, "{PORT}");
	char *text = mark ? xasprintf("%.*s%u%s", (int)(mark - answer), answer, server->port,
				      mark + strlen("{PORT}"))
			  : xstrdup(answer);

	pthread_mutex_lock(&server->lock);
	strings_take(&server->answers, text);
	pthread_mutex_unlock(&server->lock);
}

char *
http_server_url(const struct http_server *server, const char *path)
{
	return xasprintf("http://127.0.0.1:%u%s", server->port, path);
}

size_t
http_server_request_count(struct http_server *server)
{
	size_t count;

	pthread_mutex_lock(&server->lock);
	count = server->requests.count;
	pthread_mutex_unlock(&server->lock);
	return count;
}

char *
http_server_request(struct http_server *server, size_t index)
{
	char *request;

	pthread_mutex_lock(&server->lock);
	request = xstrdup(index < server->requests.count ? server->requests.items[index] : "");
	pthread_mutex_unlock(&server->lock);
	return request;
}

void
http_server_stop(struct http_server *server)
{
	(void)shutdown(server->listener, SHUT_RDWR);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->listener);
	strings_release(&server->answers);
	strings_release(&server->requests);
	pthread_mutex_destroy(&server->lock);
}
