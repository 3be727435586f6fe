#include "store/part.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/state.h"
#include "store/store.h"

/* Each holds a descriptor until the commit; images have fewer layers than this. */
static const size_t parts_most = 128;

/* `ending` NULL: the name by which others find it. */
static char *
part_name(const struct digest *digest, const char *ending)
{
	return xasprintf("%s-%s.%s%spart", digest_algorithm_name(digest->algorithm),
			 digest_hex(digest).text, ending ? ending : "", ending ? "." : "");
}

/* A finished part has the mode of a blob.  One that was left behind so may be written again. */
static int
make_writable(const struct store *store, int folder_fd, const char *name)
{
	AUTO_CLOSE int fd =
		openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -1 : fchmod(fd, store_file_mode(store));
}

static int
open_file(const struct store *store, int folder_fd, const char *name, int flags)
{
	int fd;

	flags |= O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	fd = openat(folder_fd, name, flags, store_file_mode(store));
	if (fd < 0 && errno == EACCES && make_writable(store, folder_fd, name) == 0)
		fd = openat(folder_fd, name, flags, store_file_mode(store));
	return fd;
}

/* 0 or an errno; EWOULDBLOCK: locked by somebody else; ENOENT: renamed or removed meanwhile. */
static int
try_open(const struct store *store, int folder_fd, const char *name, int flags, int *ret_fd)
{
	AUTO_CLOSE int fd = open_file(store, folder_fd, name, flags);
	struct stat status;
	int errnum;

	if (fd < 0)
		return errno;
	errnum = lock_fd_try(fd, LOCK_EXCLUSIVE);
	if (errnum)
		return errnum;
	if (!lock_is_named(folder_fd, name, fd))
		return ENOENT;
	if (fstat(fd, &status) < 0)
		return errno;
	if (!S_ISREG(status.st_mode))
		return EINVAL;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* A process that is short of descriptors publishes what it has finished, which frees theirs. */
static int
open_with_room(struct store *store, int folder_fd, const char *name, int flags, int *ret_fd,
	       struct error **err)
{
	int errnum = try_open(store, folder_fd, name, flags, ret_fd);

	if (errnum == EMFILE && store->part_count > 0) {
		if (store_commit(store, err) < 0)
			return -1;
		errnum = try_open(store, folder_fd, name, flags, ret_fd);
	}
	return errnum;
}

static int
open_named(struct store *store, const char *name, int flags, struct part *ret_part,
	   struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", STORE_INGEST, name);
	int fd = -1;
	int errnum;

	do {
		AUTO_CLOSE int folder_fd = folder_make(store, STORE_INGEST, err);

		if (folder_fd < 0)
			return -1;
		errnum = open_with_room(store, folder_fd, name, flags, &fd, err);
	} while (errnum == ENOENT);
	if (errnum < 0)
		return -1;
	if (errnum && errnum != EWOULDBLOCK)
		return folder_fail(store, errnum, "write", path, err);
	ret_part->fd = fd;
	ret_part->path = TAKE_PTR(path);
	return 0;
}

int
part_open(struct store *store, const struct digest *digest, struct part *ret_part,
	  struct error **err)
{
	AUTO_FREE char *name = part_name(digest, NULL);

	return open_named(store, name, 0, ret_part, err);
}

int
part_create(struct store *store, const struct digest *digest, struct part *ret_part,
	    struct error **err)
{
	AUTO_FREE char *ending = random_hex(8, err);
	AUTO_FREE char *name = NULL;

	if (!ending)
		return -1;
	name = part_name(digest, ending);
	if (open_named(store, name, O_EXCL, ret_part, err) < 0)
		return -1;
	if (ret_part->fd >= 0)
		return 0;
	folder_fail(store, EWOULDBLOCK, "lock", ret_part->path, err);
	free(TAKE_PTR(ret_part->path));
	return -1;
}

void
part_leave(const struct store *store, const char *path, int fd)
{
	AUTO_ERROR struct error *ignored = NULL;
	struct stat status;

	if (fstat(fd, &status) == 0 && status.st_size == 0)
		(void)folder_remove_file(store, path, &ignored);
	(void)close(fd);
}

void
part_drop(const struct store *store, struct part *part)
{
	AUTO_ERROR struct error *ignored = NULL;

	(void)folder_remove_file(store, part->path, &ignored);
	(void)close(part->fd);
	free(part->path);
	*part = (struct part){ .fd = -1 };
}

const struct part *
store_find_part(const struct store *store, const struct digest *digest)
{
	for (size_t i = 0; i < store->part_count; i++)
		if (digest_equal(&store->parts[i].digest, digest))
			return &store->parts[i];
	return NULL;
}

int
store_take_part(struct store *store, struct part *part, struct error **err)
{
	/* The mode of a blob; elsewhere than in the user's own store the umask has chosen it. */
	if (store->is_own)
		(void)fchmod(part->fd, 0400);
	store->parts = xgrow(store->parts, store->part_count, sizeof(*store->parts));
	store->parts[store->part_count++] = *part;
	part->fd = -1;
	part->path = NULL;
	return store->part_count >= parts_most ? store_commit(store, err) : 0;
}

void
store_drop_parts(struct store *store)
{
	for (size_t i = 0; i < store->part_count; i++) {
		close_at(&store->parts[i].fd);
		free(store->parts[i].path);
	}
	store->part_count = 0;
}
