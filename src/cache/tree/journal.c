/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* Written as it lies in memory: for this machine and this version only. */
struct journal_head {
	char magic[16];
	uint64_t record_bytes;
	uint64_t count;
	uint64_t is_whole;
	uint64_t is_damaged;
	struct digest manifest;
};

static const char magic[16] = "ocifp-journal-2";

struct place_hash
place_hash_of(const char *label, size_t label_size, const char *directory, size_t directory_size,
	      const char *name, size_t name_size)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	struct place_hash hash;
	struct digest digest;

	hasher_add(hasher, label, label_size);
	hasher_add(hasher, "", 1);
	hasher_add(hasher, directory, directory_size);
	if (directory_size > 0)
		hasher_add(hasher, "/", 1);
	hasher_add(hasher, name, name_size);
	digest = hasher_finish(hasher);
	memcpy(hash.bytes, digest.bytes, sizeof(hash.bytes));
	return hash;
}

static struct place_hash
place_of(const struct tree_scan *scan, const struct scanned *entry)
{
	const char *label = scan->roots->items[entry->root].label;
	const char *directory = "";
	const char *name = scanned_text(scan, entry);

	if (entry->kind != ENTRY_DIRECTORY && entry->kind != ENTRY_ROOT)
		directory = scanned_text(scan, &scan->entries[entry->directory]);
	return place_hash_of(label, strlen(label), directory, strlen(directory), name,
			     strlen(name));
}

int64_t
journal_now_ns(void)
{
	struct timespec now = { 0 };

#ifdef CLOCK_REALTIME_COARSE
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
#else
	(void)clock_gettime(CLOCK_REALTIME, &now);
#endif
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static char *
journal_path(const char *folder, const struct cache_roots *roots)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	struct digest digest;

	for (size_t i = 0; i < roots->count; i++) {
		hasher_add(hasher, roots->items[i].label, strlen(roots->items[i].label) + 1);
		hasher_add(hasher, roots->items[i].directory,
			   strlen(roots->items[i].directory) + 1);
	}
	digest = hasher_finish(hasher);
	return xasprintf("%s/%.32s", folder, digest_hex(&digest).text);
}

static int
compare_records(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct place_hash));
}

static bool
head_is_ours(const struct journal_head *head, size_t size)
{
	return memcmp(head->magic, magic, sizeof(magic)) == 0 &&
	       head->record_bytes == sizeof(struct journal_record) &&
	       head->count <= CACHE_ENTRIES_LIMIT_COUNT &&
	       size == sizeof(*head) + head->count * sizeof(struct journal_record);
}

void
journal_read(const char *folder, const struct cache_roots *roots, struct journal *ret_journal)
{
	AUTO_FREE char *path = journal_path(folder, roots);
	AUTO_BUF struct buf bytes =
		BUF_INIT(sizeof(struct journal_head) +
			 CACHE_ENTRIES_LIMIT_COUNT * sizeof(struct journal_record));
	AUTO_ERROR struct error *ignored = NULL;
	struct journal_head head;
	bool found = false;

	*ret_journal = (struct journal){ 0 };
	if (file_find(AT_FDCWD, path, &bytes, &found, &ignored) < 0 || bytes.size < sizeof(head))
		return;
	memcpy(&head, bytes.data, sizeof(head));
	if (!head_is_ours(&head, bytes.size))
		return;
	ret_journal->manifest = head.manifest;
	ret_journal->count = head.count;
	ret_journal->is_whole = head.is_whole != 0;
	ret_journal->is_damaged = head.is_damaged != 0;
	ret_journal->records = xcalloc(head.count + 1, sizeof(*ret_journal->records));
	memcpy(ret_journal->records, bytes.data + sizeof(head),
	       head.count * sizeof(*ret_journal->records));
}

int
journal_write(const char *folder, const struct cache_roots *roots, const struct tree_scan *scan,
	      int64_t taken_ns, const struct digest *manifest, struct error **err)
{
	AUTO_FREE char *path = journal_path(folder, roots);
	struct journal_head head = {
		.record_bytes = sizeof(struct journal_record),
		.is_whole = scan->roots->count == roots->count,
		.manifest = *manifest,
	};
	size_t room = sizeof(head) + scan->count * sizeof(struct journal_record);
	AUTO_FREE char *bytes = xcalloc(1, room);
	struct journal_record *records = (struct journal_record *)(void *)(bytes + sizeof(head));

	memcpy(head.magic, magic, sizeof(magic));
	for (size_t i = 0; i < scan->count; i++) {
		const struct scanned *entry = &scan->entries[i];

		if (entry->left_out || entry->kind == ENTRY_ROOT ||
		    entry->stamp.ctime_ns >= taken_ns)
			continue;
		records[head.count++] =
			(struct journal_record){ place_of(scan, entry), entry->stamp };
	}
	qsort(records, head.count, sizeof(*records), compare_records);
	memcpy(bytes, &head, sizeof(head));
	if (dir_make(folder, 0700, err) < 0)
		return -1;
	return file_replace(AT_FDCWD, path, 0600, bytes,
			    sizeof(head) + head.count * sizeof(*records), err);
}

int
journal_note_damaged(const char *folder, const struct cache_roots *roots,
		     const struct digest *manifest, struct error **err)
{
	AUTO_FREE char *path = journal_path(folder, roots);
	struct journal_head head = {
		.record_bytes = sizeof(struct journal_record),
		.is_damaged = true,
		.manifest = *manifest,
	};

	memcpy(head.magic, magic, sizeof(magic));
	if (dir_make(folder, 0700, err) < 0)
		return -1;
	return file_replace(AT_FDCWD, path, 0600, (const char *)&head, sizeof(head), err);
}

void
journal_release(struct journal *journal)
{
	free(journal->records);
	*journal = (struct journal){ 0 };
}

bool
journal_knows(const struct journal *journal, const struct tree_scan *scan,
	      const struct scanned *entry)
{
	struct journal_record wanted = { .place = place_of(scan, entry) };
	const struct journal_record *record;

	if (journal->count == 0)
		return false;
	record =
		bsearch(&wanted, journal->records, journal->count, sizeof(wanted), compare_records);
	return record &&
	       (entry->kind == ENTRY_DIRECTORY || file_stamp_equal(&record->stamp, &entry->stamp));
}
