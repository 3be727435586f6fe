#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/state.h"

/* A link that another user planted in a folder such as /tmp must not choose the store. */
int
own_check_link(const struct store *store, struct error **err)
{
	struct stat status;

	if (lstat(store->path, &status) < 0 || !S_ISLNK(status.st_mode))
		return 0;
	if (status.st_uid == geteuid() || status.st_uid == 0)
		return 0;
	error_set(err, ERROR_LOCAL, "'%s' is a symbolic link made by another user",
		  QUOTED(store->path));
	return error_set_hint(err, "choose another store with OCIFP_STORE");
}

static int
refuse_owner(const struct store *store, const char *why, const char *hint, struct error **err)
{
	error_set(err, ERROR_USAGE, "'%s' %s", QUOTED(store->path), why);
	return error_set_hint(err, "%s", hint);
}

int
own_check_owner(const struct store *store, struct error **err)
{
	struct stat status;

	if (fstat(store->fd, &status) < 0)
		return folder_fail(store, errno, "look at", ".", err);
	if (status.st_uid != geteuid())
		return refuse_owner(store, "belongs to another user",
				    "choose another store with OCIFP_STORE", err);
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return refuse_owner(store, "may be written to by other users",
				    "take that away with 'chmod go-w'", err);
	return 0;
}
