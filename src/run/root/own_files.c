/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/own_files.h"

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "run/root/mounts.h"
#include "run/root/root.h"

static const char local_hosts[] = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n";

/* Ours; the caller owns the text. */
static char *
read_own(const char *path, const char *otherwise)
{
	AUTO_BUF struct buf buf = BUF_INIT(MIB);
	AUTO_ERROR struct error *unread = NULL;
	bool found = false;

	if (file_find(AT_FDCWD, path, &buf, &found, &unread) < 0 || !found || !buf.data)
		return xstrdup(otherwise);
	return xstrdup(buf.data);
}

static bool
is_taken(const struct job_mounts *mounts, const char *target)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (strcmp(mounts->items[i].target, target) == 0)
			return true;
	return false;
}

static int
add(const struct root *root, const char *name, const char *text, struct job_mounts *mounts,
    struct error **err)
{
	AUTO_FREE char *source = xasprintf("%s/%s", root->path, name);
	AUTO_FREE char *target = xasprintf("/etc/%s", name);

	if (is_taken(mounts, target))
		return 0;
	if (root_write(root, name, text, err) < 0)
		return -1;
	job_mounts_add_file(mounts, source, target);
	return 0;
}

/* In the host's network a job must not see the host's neighbours under its own names. */
int
own_files_add(const struct root *root, const char *hostname, bool own_network,
	      struct job_mounts *mounts, struct error **err)
{
	AUTO_FREE char *known =
		own_network ? xstrdup(local_hosts) : read_own("/etc/hosts", local_hosts);
	AUTO_FREE char *hosts = xasprintf("%s\n127.0.1.1 %s\n", known, hostname);
	AUTO_FREE char *resolvers = own_network ? xstrdup("") : read_own("/etc/resolv.conf", "");
	AUTO_FREE char *line = xasprintf("%s\n", hostname);

	if (add(root, "hosts", hosts, mounts, err) < 0 ||
	    add(root, "resolv.conf", resolvers, mounts, err) < 0)
		return -1;
	return add(root, "hostname", line, mounts, err);
}
