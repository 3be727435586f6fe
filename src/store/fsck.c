#include "store/care.h"

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest.h"
#include "store/check.h"
#include "store/digest_set.h"
#include "store/folder.h"
#include "store/reachable.h"
#include "store/state.h"

void
check_note(struct strings *lines, const char *path, const char *what)
{
	strings_take(lines, xasprintf("%s: %s", QUOTED(path), what));
}

int
check_report(struct check *check, const char *path, const char *what, struct error **err)
{
	check_note(&check->result.problems, path, what);
	if (!check->repair)
		return 0;
	if (store_quarantine(check->store, path, -1, err) < 0)
		return -1;
	check_note(&check->result.repaired, path, "moved to " STORE_QUARANTINE);
	return 0;
}

static int
count_unfinished(struct check *check, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (folder_list(check->store, STORE_INGEST, &names, err) < 0)
		return -1;
	check->result.unfinished_count = names.count;
	return 0;
}

/* Of a damaged document check_blobs() has told already. */
static void
find_incomplete(struct check *check)
{
	AUTO_DIGEST_SET struct digest_set set = { 0 };
	AUTO_ERROR struct error *failure = NULL;

	if (reachable_mark(check->store, &set, &check->result.incomplete, &failure) < 0 &&
	    check->result.problems.count == 0)
		check_note(&check->result.problems, "index.json", error_text(failure));
}

/* The references come last: a repair may have taken away what they name. */
static int
check_all(struct check *check, struct error **err)
{
	if (check_blobs(check, DIGEST_SHA256, err) < 0 ||
	    check_blobs(check, DIGEST_SHA512, err) < 0)
		return -1;
	if (check_references(check, err) < 0)
		return -1;
	find_incomplete(check);
	return count_unfinished(check, err);
}

int
store_fsck(struct store *store, bool repair, struct fsck_result *ret_result, struct error **err)
{
	struct check check = { .store = store, .repair = repair };

	if (repair && store_check_writable(store, err) < 0)
		return -1;
	/* Otherwise gc might remove a blob between a reference and the look at it. */
	if (store->is_writable && store_hold_blobs(store, err) < 0)
		return -1;
	if (check_all(&check, err) < 0) {
		fsck_result_release(&check.result);
		return -1;
	}
	*ret_result = check.result;
	return 0;
}

void
fsck_result_release(struct fsck_result *result)
{
	strings_release(&result->problems);
	strings_release(&result->repaired);
	strings_release(&result->incomplete);
}
