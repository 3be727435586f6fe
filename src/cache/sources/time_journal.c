/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sources/time_journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/digest.h"

static const char magic[] = "ocifp-source-times-1\n";

/* In this machine's byte order, because the file never leaves it; followed by the path. */
struct packed {
	uint64_t inode;
	int64_t ctime_ns;
	int64_t mtime_ns;
	uint32_t is_changed;
	uint32_t path_bytes;
	uint8_t sha256[SOURCE_DIGEST_BYTES];
};

static char *
journal_path(const char *state_directory, const char *directory)
{
	struct digest digest = digest_of(DIGEST_SHA256, directory, strlen(directory));

	return xasprintf("%s/times-%.32s", state_directory, digest_hex(&digest).text);
}

void
time_journal_release(struct time_journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		free(journal->items[i].path);
	free(journal->items);
	*journal = (struct time_journal){ 0 };
}

void
time_journal_add(struct time_journal *journal, const struct time_entry *entry)
{
	journal->items = xgrow(journal->items, journal->count, sizeof(*journal->items));
	journal->items[journal->count] = *entry;
	journal->items[journal->count++].path = xstrdup(entry->path);
}

static int
compare_entries(const void *left, const void *right)
{
	return strcmp(((const struct time_entry *)left)->path,
		      ((const struct time_entry *)right)->path);
}

static int
compare_path(const void *path, const void *entry)
{
	return strcmp(path, ((const struct time_entry *)entry)->path);
}

const struct time_entry *
time_journal_find(const struct time_journal *journal, const char *path)
{
	return journal->count == 0 ? NULL
				   : bsearch(path, journal->items, journal->count,
					     sizeof(*journal->items), compare_path);
}

const struct time_entry *
time_journal_match(const struct time_journal *journal, const struct source *source)
{
	const struct time_entry *entry = time_journal_find(journal, source->path);

	return entry && entry->inode == source->inode && entry->ctime_ns == source->ctime_ns &&
			       entry->mtime_ns == source->mtime_ns
		       ? entry
		       : NULL;
}

/* false: the bytes are not a journal */
static bool
parse(const struct buf *bytes, struct time_journal *journal)
{
	size_t at = strlen(magic);

	if (bytes->size < at || memcmp(bytes->data, magic, at) != 0)
		return false;
	while (at < bytes->size) {
		struct packed packed;
		struct time_entry entry = { 0 };
		AUTO_FREE char *path = NULL;

		if (bytes->size - at < sizeof(packed))
			return false;
		memcpy(&packed, bytes->data + at, sizeof(packed));
		at += sizeof(packed);
		if (packed.path_bytes > bytes->size - at)
			return false;
		path = xstrndup(bytes->data + at, packed.path_bytes);
		at += packed.path_bytes;
		entry = (struct time_entry){ .path = path,
					     .inode = packed.inode,
					     .ctime_ns = packed.ctime_ns,
					     .mtime_ns = packed.mtime_ns,
					     .is_changed = packed.is_changed };
		memcpy(entry.sha256, packed.sha256, sizeof(entry.sha256));
		time_journal_add(journal, &entry);
	}
	qsort(journal->items, journal->count, sizeof(*journal->items), compare_entries);
	return true;
}

int
time_journal_read(const char *state_directory, const char *directory,
		  struct time_journal *ret_journal, struct error **err)
{
	AUTO_FREE char *path = journal_path(state_directory, directory);
	AUTO_BUF struct buf bytes = BUF_INIT(SOURCES_LIMIT_BYTES);
	AUTO_TIME_JOURNAL struct time_journal journal = { 0 };
	bool is_there;

	if (file_find(AT_FDCWD, path, &bytes, &is_there, err) < 0)
		return -1;
	if (is_there && parse(&bytes, &journal)) {
		*ret_journal = journal;
		journal = (struct time_journal){ 0 };
	}
	return 0;
}

int
time_journal_write(const char *state_directory, const char *directory, struct time_journal *journal,
		   struct error **err)
{
	AUTO_FREE char *path = journal_path(state_directory, directory);
	AUTO_BUF struct buf bytes = BUF_INIT(SOURCES_LIMIT_BYTES);

	if (journal->count > 1)
		qsort(journal->items, journal->count, sizeof(*journal->items), compare_entries);
	if (buf_append_text(&bytes, magic, err) < 0)
		return -1;
	for (size_t i = 0; i < journal->count; i++) {
		const struct time_entry *entry = &journal->items[i];
		struct packed packed = { .inode = entry->inode,
					 .ctime_ns = entry->ctime_ns,
					 .mtime_ns = entry->mtime_ns,
					 .is_changed = entry->is_changed,
					 .path_bytes = (uint32_t)strlen(entry->path) };

		memcpy(packed.sha256, entry->sha256, sizeof(packed.sha256));
		if (buf_append(&bytes, &packed, sizeof(packed), err) < 0 ||
		    buf_append_text(&bytes, entry->path, err) < 0)
			return -1;
	}
	if (dir_make(state_directory, 0700, err) < 0)
		return -1;
	return file_replace(AT_FDCWD, path, 0600, bytes.data, bytes.size, err);
}
