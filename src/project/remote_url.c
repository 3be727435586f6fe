/* SPDX-License-Identifier: Apache-2.0 */
#include "project/remote_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/text.h"
#include "base/xalloc.h"

static const char host_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789.-";
static const char name_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";

bool
remote_repository_is_valid(const char *repository)
{
	const char *name = repository;

	for (;;) {
		size_t size = strcspn(name, "/");
		bool dots = strspn(name, ".") >= size;

		if (size == 0 || dots || strspn(name, name_characters) < size)
			return false;
		if (!name[size])
			return name != repository;
		name += size + 1;
	}
}

/* The start of the host, and the separator of the path; NULL for a URL without a host. */
static const char *
find_host(const char *url, const char **ret_path)
{
	const char *scheme_end = strstr(url, "://");
	const char *host = scheme_end ? scheme_end + strlen("://") : url;
	const char *path = strchr(host, scheme_end ? '/' : ':');
	const char *at = path ? memrchr(host, '@', (size_t)(path - host)) : NULL;

	if (!path || text_starts(url, "file:") || (!scheme_end && memchr(url, '/', path - url)))
		return NULL;
	*ret_path = path + 1;
	return at ? at + 1 : host;
}

static char *
trim_path(const char *path)
{
	size_t size;

	path += strspn(path, "/");
	size = strlen(path);
	while (size > 0 && path[size - 1] == '/')
		size--;
	if (size > 4 && memcmp(path + size - 4, ".git", 4) == 0)
		size -= 4;
	return xstrndup(path, size);
}

bool
remote_url_parse(const char *url, struct remote_url *ret_remote)
{
	const char *path = NULL;
	const char *host = find_host(url, &path);
	size_t host_size = host ? strspn(host, host_characters) : 0;
	AUTO_FREE char *repository = path ? trim_path(path) : NULL;

	if (host_size == 0 || !repository || !remote_repository_is_valid(repository))
		return false;
	if (host[host_size] != '/' && host[host_size] != ':')
		return false;
	ret_remote->host = xstrndup(host, host_size);
	ret_remote->repository = TAKE_PTR(repository);
	return true;
}

void
remote_url_release(struct remote_url *remote)
{
	free(remote->host);
	free(remote->repository);
	*remote = (struct remote_url){ 0 };
}
