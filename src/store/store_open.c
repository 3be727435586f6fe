#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "store/folder.h"
#include "store/layout.h"
#include "store/state.h"

static const char layout_file[] = "oci-layout";
static const char layout_content[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
static const char version_content[] = "1\n";

static struct store *
store_new(const char *path, enum store_mode mode, const struct store_options *options)
{
	struct store *store = XNEW(struct store);

	store->path = xstrdup(path);
	store->fd = -1;
	store->gc_lock_fd = -1;
	store->for_reading = mode == STORE_READ;
	store->lock_timeout_ms = options ? options->lock_timeout_ms : 0;
	store->observer = options ? options->observer : NULL;
	return store;
}

static int
refuse(const struct store *store, const char *why, struct error **err)
{
	return error_set(err, ERROR_LOCAL, "'%s' %s", QUOTED(store->path), why);
}

static int
open_root(struct store *store, enum store_mode mode, mode_t new_mode, struct error **err)
{
	store->is_new_folder = mode == STORE_CREATE && access(store->path, F_OK) < 0;
	if (mode == STORE_CREATE && dir_make(store->path, new_mode, err) < 0)
		return -1;
	store->fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0 && errno == ENOENT) {
		refuse(store, "does not exist", err);
		return error_set_class(err, "missing");
	}
	if (store->fd < 0 && errno == ENOTDIR)
		return refuse(store, "is not a directory", err);
	if (store->fd < 0)
		return folder_fail(store, errno, "open", ".", err);
	store->is_writable =
		mode != STORE_READ && faccessat(store->fd, ".", W_OK | X_OK, AT_EACCESS) == 0;
	return 0;
}

/* What `path` holds, *ret_found false when it is not there. */
static int
read_small(const struct store *store, const char *path, struct buf *buf, bool *ret_found,
	   struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (folder_find_file(store, path, &fd, err) < 0)
		return -1;
	*ret_found = fd >= 0;
	return fd < 0 ? 0 : fd_read_all(fd, buf, path, err);
}

static int
check_layout_version(const struct store *store, const struct buf *buf, struct error **err)
{
	AUTO_JSON json_t *json = document_parse(buf->data, buf->size, err);
	const char *version;

	if (!json) {
		return error_wrap(err, "cannot read '%s/%s'", QUOTED(store->path), layout_file);
	}
	version = json_string_value(json_object_get(json, "imageLayoutVersion"));
	if (!version || !text_starts(version, "1."))
		return refuse(store, "is no image layout of version 1", err);
	return 0;
}

/* True for what a creation that was cut short leaves behind. */
static bool
counts_as_empty(const char *name)
{
	return strcmp(name, "blobs") == 0 || strcmp(name, STORE_FOLDER) == 0 ||
	       (text_starts(name, ".") && text_ends(name, ".tmp"));
}

static int
check_empty(const struct store *store, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (folder_list(store, ".", &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (!counts_as_empty(names.items[i])) {
			refuse(store, "holds files and is no image layout", err);
			return error_set_hint(err, "choose a directory that is empty");
		}
	return 0;
}

static bool
has_layout_file(const struct store *store)
{
	return faccessat(store->fd, layout_file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* *ret_made: another process has made the layout since we looked; that is no reason to refuse. */
static int
check_empty_or_made(const struct store *store, bool *ret_made, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	*ret_made = false;
	if (check_empty(store, &failure) == 0)
		return 0;
	*ret_made = has_layout_file(store);
	if (*ret_made)
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

static int
write_small(const struct store *store, const char *folder, const char *name, const char *content,
	    struct error **err)
{
	AUTO_CLOSE int folder_fd = folder_make(store, folder, err);

	if (folder_fd < 0)
		return -1;
	return file_replace(folder_fd, name, store_file_mode(store), content, strlen(content), err);
}

static int
make_layout(struct store *store, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	AUTO_CLOSE int blobs_fd = -1;
	bool made;

	if (check_empty_or_made(store, &made, err) < 0)
		return -1;
	if (made)
		return 0;
	blobs_fd = folder_make(store, "blobs/sha256", err);
	if (blobs_fd < 0)
		return -1;
	store->is_new = true;
	if (write_small(store, ".", layout_file, layout_content, &failure) == 0)
		return 0;
	/* Another process has made the layout and collected garbage, our temporary file with it. */
	if (has_layout_file(store))
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

static int
find_layout(struct store *store, enum store_mode mode, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	bool found = false;

	if (read_small(store, layout_file, &buf, &found, err) < 0)
		return -1;
	if (found)
		return check_layout_version(store, &buf, err);
	if (mode != STORE_CREATE)
		return refuse(store, "is no image layout: it has no file 'oci-layout'", err);
	return make_layout(store, err);
}

static int
find_version(struct store *store, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	bool found = false;

	if (read_small(store, STORE_VERSION, &buf, &found, err) < 0)
		return -1;
	if (found && (!buf.data || strcmp(buf.data, version_content) != 0)) {
		error_set(err, ERROR_USAGE, "'%s' was written by a newer ocifp",
			  QUOTED(store->path));
		return error_set_hint(err, "use that version, or another store (OCIFP_STORE)");
	}
	store->is_own = found;
	store->is_foreign = !found;
	return 0;
}

static int
open_layout(struct store *store, enum store_mode mode, struct error **err)
{
	if (find_layout(store, mode, err) < 0)
		return -1;
	return mode == STORE_CREATE && store->is_writable ? layout_make_index(store, err) : 0;
}

struct store *
store_open(const char *path, enum store_mode mode, const struct store_options *options,
	   struct error **err)
{
	AUTO_STORE struct store *store = store_new(path, mode, options);

	if (open_root(store, mode, 0777, err) < 0 || find_version(store, err) < 0 ||
	    open_layout(store, mode, err) < 0)
		return NULL;
	return TAKE_PTR(store);
}

/* A new store is ours from its first file on, the version, which is therefore read again when there
 * is a layout by now.  A layout that another tool made stays as it is, and serves all the same. */
static int
claim(struct store *store, struct error **err)
{
	bool made = has_layout_file(store);

	if (store->is_own || !store->is_writable)
		return 0;
	if (!made && check_empty_or_made(store, &made, err) < 0)
		return -1;
	if (made)
		return find_version(store, err);
	store->is_own = true;
	store->is_foreign = false;
	return write_small(store, STORE_FOLDER, "version", version_content, err);
}

static int
open_own(struct store *store, struct error **err)
{
	if (own_check_link(store, err) < 0 || open_root(store, STORE_CREATE, 0700, err) < 0 ||
	    own_check_owner(store, err) < 0 || find_version(store, err) < 0)
		return -1;
	if (claim(store, err) < 0)
		return -1;
	if (open_layout(store, STORE_CREATE, err) < 0)
		return -1;
	store_keep_spare(store);
	return 0;
}

struct store *
store_open_own(const char *path_or_null, const struct store_options *options, struct error **err)
{
	AUTO_FREE char *path = store_own_path(path_or_null, err);
	AUTO_STORE struct store *store = NULL;

	if (!path)
		return NULL;
	store = store_new(path, STORE_CREATE, options);
	if (open_own(store, err) < 0) {
		if (error_is(*err, ERROR_LOCAL))
			error_set_hint(err, "choose another store with OCIFP_STORE");
		return NULL;
	}
	return TAKE_PTR(store);
}
