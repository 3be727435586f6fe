/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/annotation.h"
#include "oci/document.h"
#include "oci/media_type.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/state.h"

static const char index_file[] = "index.json";

static int
check_entries(const json_t *index, struct error **err)
{
	const json_t *entries = json_object_get(index, "manifests");

	if (!json_is_array(entries))
		return error_set(err, ERROR_CONTENT, "expected an array 'manifests'");
	for (size_t i = 0; i < json_array_size(entries); i++)
		if (!json_is_object(json_array_get(entries, i)))
			return error_set(err, ERROR_CONTENT,
					 "invalid manifests[%zu]: expected an object", i);
	return 0;
}

static json_t *
parse_index(int fd, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(LAYOUT_INDEX_LIMIT_BYTES);
	AUTO_JSON json_t *index = NULL;

	if (fd_read_all(fd, &buf, index_file, err) < 0)
		return NULL;
	index = document_parse(buf.data, buf.size, err);
	if (!index || check_entries(index, err) < 0)
		return NULL;
	return TAKE_PTR(index);
}

json_t *
layout_read_index(const struct store *store, struct error **err)
{
	AUTO_CLOSE int fd = -1;
	json_t *index;

	if (folder_find_file(store, index_file, &fd, err) < 0)
		return NULL;
	if (fd < 0 && !store->for_reading)
		return json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType",
				 MEDIA_OCI_INDEX, "manifests");
	if (fd < 0) {
		error_set(err, ERROR_CONTENT, "'%s' has no '%s'", QUOTED(store->path), index_file);
		return NULL;
	}
	index = parse_index(fd, err);
	if (!index)
		error_wrap(err, "cannot read '%s/%s'", QUOTED(store->path), index_file);
	return index;
}

int
layout_write_index(const struct store *store, const json_t *index, int lock_fd, struct error **err)
{
	AUTO_FREE char *text = json_dumps(index, JSON_COMPACT);

	if (!text)
		return error_set(err, ERROR_FAILURE, "cannot format '%s'", index_file);
	if (strlen(text) > LAYOUT_INDEX_LIMIT_BYTES)
		return error_set(err, ERROR_LOCAL,
				 "cannot write '%s/%s': larger than the read limit", store->path,
				 index_file);
	if (lock_check(store, STORE_INDEX_LOCK, lock_fd, err) < 0)
		return -1;
	return file_replace(store->fd, index_file, store_file_mode(store), text, strlen(text), err);
}

/* Overwrites the file: first pads the text with blanks up to the old length, which is still the
 * same JSON.  A power cut in between may leave an invalid index. */
static int
overwrite_index(const struct store *store, const char *text, struct error **err)
{
	AUTO_CLOSE int fd = openat(store->fd, index_file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t size = strlen(text);
	AUTO_FREE char *padded = NULL;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return folder_fail(store, errno, "write", index_file, err);
	if ((uint64_t)status.st_size < size || status.st_size > (off_t)LAYOUT_INDEX_LIMIT_BYTES)
		return folder_fail(store, ENOSPC, "write", index_file, err);
	padded = xcalloc(1, (size_t)status.st_size + 1);
	memset(padded, ' ', (size_t)status.st_size);
	memcpy(padded, text, size);
	if (fd_pwrite_all(fd, padded, (size_t)status.st_size, 0, index_file, err) < 0)
		return -1;
	if (fd_sync(fd) < 0 || ftruncate(fd, (off_t)size) < 0 || fd_sync(fd) < 0)
		return folder_fail(store, errno, "write", index_file, err);
	return 0;
}

int
layout_shrink_index(const struct store *store, const json_t *index, int lock_fd, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	AUTO_FREE char *text = NULL;

	if (lock_fd >= 0 && layout_write_index(store, index, lock_fd, &failure) == 0)
		return 0;
	if (failure && !error_has_class(failure, CLASS_SPACE))
		return error_pass(err, TAKE_PTR(failure));
	text = json_dumps(index, JSON_COMPACT);
	if (!text)
		return error_set(err, ERROR_FAILURE, "cannot format '%s'", index_file);
	return overwrite_index(store, text, err);
}

int
layout_make_index(const struct store *store, struct error **err)
{
	AUTO_JSON json_t *index = NULL;
	AUTO_CLOSE int lock_fd = -1;
	AUTO_CLOSE int fd = -1;

	if (folder_find_file(store, index_file, &fd, err) < 0)
		return -1;
	if (fd >= 0)
		return 0;
	lock_fd = lock_take(store, STORE_INDEX_LOCK, LOCK_EXCLUSIVE, err);
	if (lock_fd < 0)
		return -1;
	index = layout_read_index(store, err);
	return index ? layout_write_index(store, index, lock_fd, err) : -1;
}

const char *
layout_entry_name(const json_t *entry)
{
	const json_t *annotations = json_object_get(entry, "annotations");

	return json_string_value(json_object_get(annotations, ANNOTATION_REF_NAME));
}
