/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/annotation.h"
#include "oci/document.h"
#include "store/folder.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/state.h"
#include "store/uses.h"

static bool
has_name(const json_t *entry, const char *name)
{
	const char *entry_name = layout_entry_name(entry);

	return entry_name && strcmp(entry_name, name) == 0;
}

/* NULL: no such entry, or several and no name. */
static const json_t *
find_entry(const json_t *index, const char *name)
{
	const json_t *entries = json_object_get(index, "manifests");

	if (!name)
		return json_array_size(entries) == 1 ? json_array_get(entries, 0) : NULL;
	for (size_t i = 0; i < json_array_size(entries); i++)
		if (has_name(json_array_get(entries, i), name))
			return json_array_get(entries, i);
	return NULL;
}

int
store_find_reference(const struct store *store, const char *name, struct descriptor *ret_descriptor,
		     bool *ret_found, struct error **err)
{
	AUTO_JSON json_t *index = layout_read_index(store, err);
	size_t count = json_array_size(json_object_get(index, "manifests"));
	const json_t *entry;

	if (!index)
		return -1;
	if (!name && count > 1) {
		error_set(err, ERROR_USAGE, "'%s' contains %zu images", QUOTED(store->path), count);
		return error_set_hint(err, "choose one by oci:%s:TAG", QUOTED(store->path));
	}
	entry = find_entry(index, name);
	if (entry && descriptor_parse(entry, ret_descriptor, err) < 0)
		return error_wrap(err, "reference '%s'", QUOTED(name ? name : store->path));
	*ret_found = entry;
	if (entry && name)
		use_note(store, name);
	return 0;
}

int
store_list_references(const struct store *store, struct descriptors *ret_references,
		      bool leave_out_unsupported, struct error **err)
{
	AUTO_JSON json_t *index = layout_read_index(store, err);
	AUTO_JSON json_t *unsupported = leave_out_unsupported ? json_array() : NULL;

	if (!index)
		return -1;
	if (descriptors_parse(json_object_get(index, "manifests"), "manifests", ret_references,
			      unsupported, err) < 0)
		return error_wrap(err, "index.json");
	return 0;
}

static bool
has_content(const json_t *entry, const char *digest)
{
	const char *entry_digest = json_string_value(json_object_get(entry, "digest"));

	return entry_digest && strcmp(entry_digest, digest) == 0;
}

static bool
has_content_and_no_name(const json_t *entry, const char *digest)
{
	return !layout_entry_name(entry) && has_content(entry, digest);
}

typedef bool entry_test(const json_t *entry, const char *text);

static bool
remove_entries(json_t *index, entry_test *is_meant, const char *text)
{
	json_t *entries = json_object_get(index, "manifests");
	size_t before = json_array_size(entries);

	for (size_t i = before; i-- > 0;)
		if (is_meant(json_array_get(entries, i), text))
			(void)json_array_remove(entries, i);
	return json_array_size(entries) < before;
}

/* NULL: the name is not UTF-8. */
static json_t *
new_entry(const char *name, const struct descriptor *descriptor)
{
	AUTO_JSON json_t *entry = descriptor_json(descriptor);
	const json_t *annotations = json_object_get(entry, "annotations");
	/* A copy: the descriptor may share its annotations with others. */
	AUTO_JSON json_t *copy =
		annotations ? json_copy((json_t *)(uintptr_t)annotations) : json_object();

	(void)json_object_del(copy, ANNOTATION_REF_NAME);
	if (name && json_object_set_new(copy, ANNOTATION_REF_NAME, json_string(name)) < 0)
		return NULL;
	if (json_object_size(copy) > 0)
		(void)json_object_set(entry, "annotations", copy);
	else
		(void)json_object_del(entry, "annotations");
	return TAKE_PTR(entry);
}

static int
replace_entry(struct store *store, const char *name, const struct descriptor *descriptor,
	      struct error **err)
{
	AUTO_CLOSE int lock_fd = lock_take(store, STORE_INDEX_LOCK, LOCK_EXCLUSIVE, err);
	AUTO_JSON json_t *entry = new_entry(name, descriptor);
	AUTO_JSON json_t *index = NULL;
	const json_t *old;

	if (lock_fd < 0)
		return -1;
	if (!entry)
		return error_set(err, ERROR_USAGE, "invalid name of a reference: expected UTF-8");
	index = layout_read_index(store, err);
	if (!index)
		return -1;
	old = name ? find_entry(index, name) : NULL;
	/* As after a repeated pull. */
	if (old && json_equal(old, entry)) {
		use_note(store, name);
		return 0;
	}
	if (name)
		remove_entries(index, has_name, name);
	else
		remove_entries(index, has_content_and_no_name,
			       digest_text(&descriptor->digest).text);
	(void)json_array_append(json_object_get(index, "manifests"), entry);
	if (layout_write_index(store, index, lock_fd, err) < 0)
		return -1;
	if (name)
		use_begin(store, name);
	return 0;
}

static int
check_target(const struct store *store, const struct descriptor *descriptor, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (blob_find(store, &descriptor->digest, descriptor->size_bytes, &fd, err) < 0)
		return -1;
	if (fd >= 0)
		return 0;
	return error_set(err, ERROR_CONTENT, "'%s' is not in the store",
			 digest_text(&descriptor->digest).text);
}

int
store_set_reference(struct store *store, const char *name, const struct descriptor *descriptor,
		    struct error **err)
{
	if (store_hold_blobs(store, err) < 0 || store_commit(store, err) < 0 ||
	    check_target(store, descriptor, err) < 0 ||
	    replace_entry(store, name, descriptor, err) < 0)
		return error_wrap(err, "cannot set reference '%s'",
				  QUOTED(name ? name : store->path));
	if (store->ingest_count == 0)
		store_release_blobs(store);
	return 0;
}

/* Removing must be possible on a full disk, where a layout of another tool has no room for the file
 * of a lock: *ret_lock_fd -1.  Those who remove from it then lock the index itself. */
static int
lock_to_remove(const struct store *store, int *ret_lock_fd, int *ret_index_fd, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	int errnum;

	*ret_lock_fd = lock_take(store, STORE_INDEX_LOCK, LOCK_EXCLUSIVE, &failure);
	if (*ret_lock_fd >= 0)
		return 0;
	if (!error_has_class(failure, CLASS_SPACE))
		return error_pass(err, TAKE_PTR(failure));
	if (folder_find_file(store, "index.json", ret_index_fd, err) < 0)
		return -1;
	errnum = *ret_index_fd < 0 ? ENOENT : lock_fd_try(*ret_index_fd, LOCK_EXCLUSIVE);
	return errnum ? folder_fail(store, errnum, "lock", "index.json", err) : 0;
}

static int
remove_and_write(struct store *store, entry_test *is_meant, const char *text, bool *ret_found,
		 struct error **err)
{
	AUTO_CLOSE int lock_fd = -1;
	AUTO_CLOSE int index_fd = -1;
	AUTO_JSON json_t *index = NULL;
	bool found;

	if (store_check_writable(store, err) < 0 ||
	    lock_to_remove(store, &lock_fd, &index_fd, err) < 0)
		return -1;
	index = layout_read_index(store, err);
	if (!index)
		return -1;
	found = remove_entries(index, is_meant, text);
	if (found) {
		store_free_spare(store);
		if (layout_shrink_index(store, index, lock_fd, err) < 0)
			return -1;
		store_keep_spare(store);
	}
	*ret_found = found;
	return 0;
}

int
store_remove_reference(struct store *store, const char *name, bool *ret_found, struct error **err)
{
	if (remove_and_write(store, has_name, name, ret_found, err) < 0)
		return -1;
	use_forget(store, name);
	return 0;
}

int
store_remove_content(struct store *store, const struct digest *digest, bool *ret_found,
		     struct error **err)
{
	return remove_and_write(store, has_content, digest_text(digest).text, ret_found, err);
}
