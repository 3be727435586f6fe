#include "store/check.h"

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "oci/document.h"
#include "store/folder.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/state.h"

static const char index_file[] = "index.json";

/* NULL: nothing is wrong with the entry. */
static char *
find_fault(const struct store *store, const json_t *entry)
{
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;

	/* An unsupported digest is another tool's: it cannot be checked, and is no fault. */
	if (descriptor_parse(entry, &descriptor, &err) < 0)
		return error_is(err, ERROR_CONTENT) ? xstrdup(error_text(err)) : NULL;
	if (blob_find(store, &descriptor.digest, descriptor.size_bytes, &fd, &err) == 0 && fd >= 0)
		return NULL;
	return xasprintf("'%s' is not there", digest_text(&descriptor.digest).text);
}

static bool
entry_is_faulty(struct check *check, const json_t *entry, size_t number)
{
	AUTO_FREE char *fault = find_fault(check->store, entry);
	const char *name = layout_entry_name(entry);
	AUTO_FREE char *shown = NULL;
	AUTO_FREE char *what = NULL;

	if (!fault)
		return false;
	shown = name ? text_quote_string(name) : xasprintf("manifests[%zu]", number);
	what = xasprintf("%s: %s", shown, fault);
	check_note(&check->result.problems, index_file, what);
	if (check->repair) {
		AUTO_FREE char *done = xasprintf("reference removed: %s", shown);

		check_note(&check->result.repaired, index_file, done);
	}
	return true;
}

/* True: it has changed. */
static bool
check_entries(struct check *check, json_t *index)
{
	json_t *entries = json_object_get(index, "manifests");
	bool changed = false;
	size_t number = 0;

	for (size_t i = 0; i < json_array_size(entries); number++) {
		bool faulty = entry_is_faulty(check, json_array_get(entries, i), number);

		if (faulty && check->repair && json_array_remove(entries, i) == 0)
			changed = true;
		else
			i++;
	}
	return changed;
}

static int
check_index(struct check *check, int lock_fd, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	AUTO_JSON json_t *index = layout_read_index(check->store, &failure);

	if (!index)
		return check_report(check, index_file, error_text(failure), err);
	if (check_entries(check, index))
		return layout_write_index(check->store, index, lock_fd, err);
	return 0;
}

int
check_references(struct check *check, struct error **err)
{
	AUTO_CLOSE int lock_fd = -1;

	if (!check->repair)
		return check_index(check, -1, err);
	lock_fd = lock_take(check->store, STORE_INDEX_LOCK, LOCK_EXCLUSIVE, err);
	return lock_fd < 0 ? -1 : check_index(check, lock_fd, err);
}
