#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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
blob_folder(enum digest_algorithm algorithm)
{
	return xasprintf("blobs/%s", digest_algorithm_name(algorithm));
}

char *
blob_path(const struct digest *digest)
{
	return xasprintf("blobs/%s/%s", digest_algorithm_name(digest->algorithm),
			 digest_hex(digest).text);
}

bool
blob_parse_name(enum digest_algorithm algorithm, const char *name, struct digest *ret_digest)
{
	struct digest digest = { .algorithm = algorithm };
	size_t size = digest_size(algorithm);

	if (strlen(name) != 2 * size || !text_parse_hex(name, size, digest.bytes))
		return false;
	*ret_digest = digest;
	return true;
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
		error_set(err, ERROR_CONTENT, "'%s' is not in '%s'", digest_text(digest).text,
			  QUOTED(store->path));
		return error_set_class(err, "missing");
	}
	if (size_of(store, fd, digest, ret_size_bytes, err) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* *ret_found with content that does not match: *ret_matches tells, and `ret_fd` which file. */
static int
read_any(const struct store *store, const struct digest *digest, struct buf *buf, int *ret_fd,
	 bool *ret_matches, struct error **err)
{
	AUTO_CLOSE int fd = -1;
	struct digest actual;

	buf_clear(buf);
	if (find_any(store, digest, &fd, err) < 0)
		return -1;
	if (fd >= 0 && fd_read_all(fd, buf, digest_text(digest).text, err) < 0)
		return -1;
	actual = digest_of(digest->algorithm, buf->data ? buf->data : "", buf->size);
	*ret_matches = digest_equal(&actual, digest);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int
refuse(const struct store *store, const struct digest *digest, struct error **err)
{
	AUTO_FREE char *path = blob_path(digest);

	error_set(err, ERROR_CONTENT, "'%s/%s' does not match its digest", QUOTED(store->path),
		  path);
	return error_set_class(err, "digest");
}

/* ERROR_CONTENT, class "digest"; a blob of a store that may be written to goes to quarantine. */
static int
quarantine(struct store *store, const struct digest *digest, int fd, struct error **err)
{
	AUTO_FREE char *path = blob_path(digest);
	AUTO_ERROR struct error *ignored = NULL;

	refuse(store, digest, err);
	if (!store->is_writable || store_quarantine(store, path, fd, &ignored) < 0)
		return -1;
	return error_set_hint(err, "it was moved to '%s'; run this again to fetch it anew",
			      STORE_QUARANTINE);
}

int
blob_read(const struct store *store, const struct digest *digest, struct buf *buf, bool *ret_found,
	  struct error **err)
{
	AUTO_CLOSE int fd = -1;
	bool matches = false;

	if (read_any(store, digest, buf, &fd, &matches, err) < 0)
		return -1;
	if (fd >= 0 && !matches)
		return refuse(store, digest, err);
	*ret_found = fd >= 0;
	return 0;
}

int
store_read(struct store *store, const struct digest *digest, struct buf *buf, bool *ret_found,
	   struct error **err)
{
	AUTO_CLOSE int fd = -1;
	bool matches = false;

	if (store->is_writable && store_hold_blobs(store, err) < 0)
		return -1;
	if (read_any(store, digest, buf, &fd, &matches, err) < 0)
		return -1;
	if (fd >= 0 && !matches) {
		buf_clear(buf);
		return quarantine(store, digest, fd, err);
	}
	*ret_found = fd >= 0;
	return 0;
}
