#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/state.h"

char *
blob_path(const struct digest *digest)
{
	return xasprintf("blobs/%s/%s", digest_algorithm_name(digest->algorithm),
			 digest_hex(digest).text);
}

static int
find_any(const struct store *store, const struct digest *digest, int *ret_fd, struct error **err)
{
	const struct part *part = store_find_part(store, digest);
	AUTO_FREE char *path = part ? xstrdup(part->path) : blob_path(digest);

	return folder_find_file(store, path, ret_fd, err);
}

static int
size_of(const struct store *store, int fd, const struct digest *digest, uint64_t *ret_size_bytes,
	struct error **err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return folder_fail(store, errno, "look at", digest_text(digest).text, err);
	*ret_size_bytes = (uint64_t)status.st_size;
	return 0;
}

int
blob_find(const struct store *store, const struct digest *digest, uint64_t size_bytes, int *ret_fd,
	  struct error **err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t actual_bytes = 0;

	*ret_fd = -1;
	if (find_any(store, digest, &fd, err) < 0)
		return -1;
	if (fd >= 0 && size_of(store, fd, digest, &actual_bytes, err) < 0)
		return -1;
	if (fd >= 0 && actual_bytes == size_bytes)
		*ret_fd = TAKE_FD(fd);
	return 0;
}

bool
store_has(struct store *store, const struct digest *digest, uint64_t size_bytes)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;

	if (store->is_writable && store_hold_blobs(store, &err) < 0)
		return false;
	return blob_find(store, digest, size_bytes, &fd, &err) == 0 && fd >= 0;
}

int
store_open_blob(struct store *store, const struct digest *digest, uint64_t *ret_size_bytes,
		struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (find_any(store, digest, &fd, err) < 0)
		return -1;
	if (fd < 0) {
		AUTO_FREE char *shown = text_quote_string(store->path);

		error_set(err, ERROR_CONTENT, "'%s' is not in '%s'", digest_text(digest).text,
			  shown);
		return error_set_class(err, "missing");
	}
	if (size_of(store, fd, digest, ret_size_bytes, err) < 0)
		return -1;
	return TAKE_FD(fd);
}

int
store_quarantine(struct store *store, const char *path, int fd, struct error **err)
{
	AUTO_FREE char *target = xasprintf("%s/%s", STORE_QUARANTINE, path);
	AUTO_CLOSE int named_fd = -1;

	for (char *slash = target + sizeof(STORE_QUARANTINE); *slash; slash++)
		if (*slash == '/')
			*slash = '-';
	if (fd >= 0) {
		struct stat named;
		struct stat opened;

		if (folder_find_file(store, path, &named_fd, err) < 0)
			return -1;
		if (named_fd < 0 || fstat(named_fd, &named) < 0 || fstat(fd, &opened) < 0 ||
		    named.st_ino != opened.st_ino || named.st_dev != opened.st_dev)
			return 0;
	}
	return folder_move(store, path, target, err);
}

int
blob_refuse(struct store *store, const struct digest *digest, int fd, struct error **err)
{
	AUTO_FREE char *path = blob_path(digest);
	AUTO_FREE char *shown = text_quote_string(store->path);
	AUTO_ERROR struct error *ignored = NULL;

	error_set(err, ERROR_CONTENT, "'%s/%s' does not match its digest", shown, path);
	error_set_class(err, "digest");
	if (!store->is_writable)
		return -1;
	if (store_quarantine(store, path, fd, &ignored) < 0)
		return -1;
	return error_set_hint(err, "it was moved to '%s/%s'; run this again to fetch it anew",
			      shown, STORE_QUARANTINE);
}

int
store_read(struct store *store, const struct digest *digest, struct buf *buf, bool *ret_found,
	   struct error **err)
{
	AUTO_CLOSE int fd = -1;
	struct digest actual;

	if (store->is_writable && store_hold_blobs(store, err) < 0)
		return -1;
	if (find_any(store, digest, &fd, err) < 0)
		return -1;
	if (fd < 0) {
		*ret_found = false;
		return 0;
	}
	buf_clear(buf);
	if (fd_read_all(fd, buf, digest_text(digest).text, err) < 0)
		return -1;
	actual = digest_of(digest->algorithm, buf->data ? buf->data : "", buf->size);
	if (!digest_equal(&actual, digest)) {
		buf_clear(buf);
		return blob_refuse(store, digest, fd, err);
	}
	*ret_found = true;
	return 0;
}
