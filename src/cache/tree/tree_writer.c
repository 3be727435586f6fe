/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/tree_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "cache/format/frame.h"
#include "cache/format/index_reader.h"
#include "cache/format/tree_index.h"
#include "layer/helper/beneath.h"

/* Chunks that a thread takes at once: about 4 MiB of a pack. */
enum { SLICE_BYTES = 4 << 20 };

struct planned_directory {
	const char *path;
	uint32_t path_size;
	uint32_t mode;
	struct timespec mtime;
};

struct planned_file {
	const char *name;
	uint8_t name_size;
	uint16_t mode;
	uint32_t directory;
	struct timespec mtime;
	uint64_t offset; /* offset in its bundle */
	uint64_t size_bytes;
	_Atomic uint64_t left_bytes;
};

/* Files with adjacent bytes: those of a bundle, or one with its own chunks. */
struct run {
	bool is_bundle;
	uint32_t first; /* of a bundle: `first` and `count` in `small`; else the file */
	uint32_t file_count;
};

/* The place of a chunk: `offset` in a run. */
struct use {
	uint32_t chunk;
	uint32_t run;
	uint64_t offset;
};

struct open_file {
	uint32_t file;
	int fd; /* -1: none */
};

/* A thread's working state; passed from slice to slice. */
struct desk {
	struct desk *next;
	struct frame_coder *coder;
	uint8_t *frame;
	uint8_t *bytes;
	struct open_file open;
	uint32_t directory; /* that is open as directory_fd */
	int directory_fd;
};

struct tree_writer {
	struct tree_writer_plan plan;
	int tree_fd;
	bool has_root;
	struct planned_directory *directories;
	size_t directory_count;
	struct planned_file *files;
	size_t file_count;
	uint32_t *small; /* indexes of the files in bundles, in their order */
	size_t small_count;
	struct run *runs;
	size_t run_count;
	size_t bundle; /* the last one's run */
	struct use *uses;
	size_t use_count;
	uint64_t total_bytes;
	struct strings skipped; /* executables, in byte order */
	pthread_mutex_t lock;
	pthread_cond_t slice_done;
	struct desk *desks; /* states that no thread has */
	struct error *failure;
};

static int
refuse(const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "invalid cache index: %s", why);
	return error_set_class(err, CLASS_INDEX);
}

/* Planning */

static int
plan_chunks(struct tree_writer *writer, struct chunk_refs refs, uint32_t run, struct error **err)
{
	struct chunk_ref ref;
	uint64_t offset = 0;

	while (chunk_refs_next(&refs, &ref)) {
		const struct packed_chunk *chunk =
			chunk_table_find(writer->plan.table, &ref.digest);

		if (!chunk || chunk->size_bytes != ref.size_bytes)
			return refuse("a chunk is in no pack", err);
		writer->uses = xgrow(writer->uses, writer->use_count, sizeof(*writer->uses));
		writer->uses[writer->use_count++] = (struct use){
			.chunk = (uint32_t)(chunk - writer->plan.table->chunks),
			.run = run,
			.offset = offset,
		};
		offset += ref.size_bytes;
	}
	return 0;
}

static uint32_t
add_run(struct tree_writer *writer, const struct run *run)
{
	writer->runs = xgrow(writer->runs, writer->run_count, sizeof(*writer->runs));
	writer->runs[writer->run_count] = *run;
	return (uint32_t)writer->run_count++;
}

static int
plan_bundle(struct tree_writer *writer, const struct tree_entry *entry, struct error **err)
{
	const struct run run = { .is_bundle = true, .first = (uint32_t)writer->small_count };

	writer->bundle = add_run(writer, &run);
	return plan_chunks(writer, entry->chunks, (uint32_t)writer->bundle, err);
}

static struct timespec
shifted(const struct tree_writer *writer, struct timespec time)
{
	int64_t seconds = writer->plan.shift_ns / 1000000000;
	long nanoseconds = (long)(writer->plan.shift_ns % 1000000000);

	time.tv_sec -= seconds;
	time.tv_nsec -= nanoseconds;
	if (time.tv_nsec < 0) {
		time.tv_nsec += 1000000000;
		time.tv_sec--;
	}
	return time;
}

static void
add_file(struct tree_writer *writer, const struct tree_entry *entry)
{
	struct planned_file *file;

	writer->files = xgrow(writer->files, writer->file_count, sizeof(*writer->files));
	file = &writer->files[writer->file_count++];
	memset(file, 0, sizeof(*file));
	file->name = entry->text;
	file->name_size = (uint8_t)entry->text_size;
	file->mode = (uint16_t)entry->mode;
	file->directory = (uint32_t)writer->directory_count - 1;
	file->mtime = shifted(writer, entry->mtime);
	file->offset = entry->offset;
	file->size_bytes = entry->size_bytes;
	atomic_init(&file->left_bytes, entry->size_bytes);
	writer->total_bytes += entry->size_bytes;
}

/* The index guarantees that a bundle came before, unless the file is empty. */
static void
plan_small(struct tree_writer *writer, const struct tree_entry *entry)
{
	add_file(writer, entry);
	if (entry->size_bytes == 0)
		return;
	writer->small = xgrow(writer->small, writer->small_count, sizeof(*writer->small));
	writer->small[writer->small_count++] = (uint32_t)writer->file_count - 1;
	writer->runs[writer->bundle].file_count++;
}

static int
plan_file(struct tree_writer *writer, const struct tree_entry *entry, struct error **err)
{
	const struct run run = { .first = (uint32_t)writer->file_count, .file_count = 1 };

	add_file(writer, entry);
	return plan_chunks(writer, entry->chunks, add_run(writer, &run), err);
}

/* Its hard links are skipped too. */
static void
skip(struct tree_writer *writer, const struct tree_entry *entry)
{
	const struct planned_directory *directory =
		&writer->directories[writer->directory_count - 1];

	strings_take(&writer->skipped,
		     xasprintf("%.*s%s%.*s", (int)directory->path_size, directory->path,
			       directory->path_size > 0 ? "/" : "", (int)entry->text_size,
			       entry->text));
}

static bool
is_skipped(const struct tree_writer *writer, const struct tree_entry *link)
{
	AUTO_FREE char *target = xstrndup(link->target, link->target_size);

	return strings_has_sorted(&writer->skipped, target);
}

static int
plan_entry(struct tree_writer *writer, const struct tree_entry *entry, struct error **err)
{
	switch (entry->kind) {
	case ENTRY_DIRECTORY:
		writer->directories = xgrow(writer->directories, writer->directory_count,
					    sizeof(*writer->directories));
		writer->directories[writer->directory_count++] = (struct planned_directory){
			.path = entry->text,
			.path_size = (uint32_t)entry->text_size,
			.mode = entry->mode,
			.mtime = shifted(writer, entry->mtime),
		};
		return 0;
	case ENTRY_BUNDLE:
		return plan_bundle(writer, entry, err);
	case ENTRY_SMALL:
		plan_small(writer, entry);
		return 0;
	case ENTRY_FILE:
		return plan_file(writer, entry, err);
	case ENTRY_EXECUTABLE:
		if (writer->plan.executables)
			return plan_file(writer, entry, err);
		skip(writer, entry);
		return 0;
	default:
		return 0; /* links: tree_writer_finish() */
	}
}

static bool
is_wanted(const struct tree_writer *writer, const struct tree_entry *root)
{
	return strlen(writer->plan.label) == root->text_size &&
	       memcmp(writer->plan.label, root->text, root->text_size) == 0;
}

/* The next entry of the writer's root; *is_ours is the caller's memory, false at first. */
static int
next_of_root(struct tree_writer *writer, struct tree_cursor *cursor, bool *is_ours,
	     struct tree_entry *entry, bool *ret_ended, struct error **err)
{
	for (;;) {
		if (tree_cursor_next(cursor, entry, ret_ended, err) < 0)
			return -1;
		if (*ret_ended || (*is_ours && entry->kind != ENTRY_ROOT))
			return 0;
		if (entry->kind == ENTRY_ROOT) {
			*is_ours = is_wanted(writer, entry);
			writer->has_root |= *is_ours;
		}
	}
}

static int
read_index(struct tree_writer *writer, struct error **err)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	struct tree_entry entry;
	bool is_ours = false;
	bool ended = false;

	tree_cursor_open(&cursor, writer->plan.index, writer->plan.index_size);
	for (;;) {
		if (next_of_root(writer, &cursor, &is_ours, &entry, &ended, err) < 0)
			return -1;
		if (ended)
			break;
		if (plan_entry(writer, &entry, err) < 0)
			return -1;
	}
	if (cursor.total_bytes > writer->plan.most_bytes)
		return refuse("its files have more bytes than the manifest says", err);
	return 0;
}

static int
compare_uses(const void *a, const void *b)
{
	const struct use *left = a;
	const struct use *right = b;

	if (left->chunk != right->chunk)
		return left->chunk < right->chunk ? -1 : 1;
	return (left->run > right->run) - (left->run < right->run);
}

struct tree_writer *
tree_writer_new(const struct tree_writer_plan *plan, int tree_fd, struct error **err)
{
	CLEANUP(tree_writer_free_at) struct tree_writer *writer = XNEW(struct tree_writer);

	writer->plan = *plan;
	writer->tree_fd = tree_fd;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->slice_done, NULL);
	if (read_index(writer, err) < 0)
		return NULL;
	strings_sort(&writer->skipped);
	if (writer->use_count > 0)
		qsort(writer->uses, writer->use_count, sizeof(*writer->uses), compare_uses);
	return TAKE_PTR(writer);
}

bool
tree_writer_has_root(const struct tree_writer *writer)
{
	return writer->has_root;
}

uint64_t
tree_writer_bytes(const struct tree_writer *writer)
{
	return writer->total_bytes;
}

uint64_t
tree_writer_files(const struct tree_writer *writer)
{
	return writer->file_count;
}

static void
close_files(struct desk *desk)
{
	close_at(&desk->open.fd);
	close_at(&desk->directory_fd);
	desk->open.fd = desk->directory_fd = -1;
}

void
tree_writer_free(struct tree_writer *writer)
{
	if (!writer)
		return;
	while (writer->desks) {
		struct desk *desk = writer->desks;

		writer->desks = desk->next;
		close_files(desk);
		frame_coder_free(desk->coder);
		free(desk->frame);
		free(desk->bytes);
		free(desk);
	}
	free(writer->directories);
	free(writer->files);
	free(writer->small);
	free(writer->runs);
	free(writer->uses);
	strings_release(&writer->skipped);
	error_free(writer->failure);
	pthread_cond_destroy(&writer->slice_done);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

/* Directories */

static int
open_directory(const struct tree_writer *writer, const char *path, size_t size)
{
	struct beneath beneath = { .root_fd = writer->tree_fd };
	AUTO_FREE char *text = xstrndup(path, size);

	return beneath_open(&beneath, text, NULL);
}

static int
fail(int errnum, const char *doing, const char *name, size_t size, struct error **err)
{
	AUTO_FREE char *text = xstrndup(name, size);

	return error_set_path(err, errnum, doing, text);
}

static int
make_directory(const struct tree_writer *writer, const struct planned_directory *directory,
	       struct error **err)
{
	size_t parent_size = directory->path_size;
	AUTO_FREE char *name = NULL;
	AUTO_CLOSE int parent_fd = -1;

	while (parent_size > 0 && directory->path[parent_size - 1] != '/')
		parent_size--;
	name = xstrndup(directory->path + parent_size, directory->path_size - parent_size);
	parent_fd = open_directory(writer, directory->path, parent_size > 0 ? parent_size - 1 : 0);
	if (parent_fd < 0 || mkdirat(parent_fd, name, 0700) < 0)
		return fail(errno, "make directory", directory->path, directory->path_size, err);
	return 0;
}

int
tree_writer_begin(struct tree_writer *writer, struct error **err)
{
	for (size_t i = 0; i < writer->directory_count; i++)
		if (writer->directories[i].path_size > 0 &&
		    make_directory(writer, &writer->directories[i], err) < 0)
			return -1;
	return 0;
}

/* Files */

static int
open_in_directory(const struct tree_writer *writer, struct desk *desk, uint32_t number,
		  struct error **err)
{
	const struct planned_directory *directory = &writer->directories[number];

	if (desk->directory_fd >= 0 && desk->directory == number)
		return 0;
	close_at(&desk->directory_fd);
	desk->directory = number;
	desk->directory_fd = open_directory(writer, directory->path, directory->path_size);
	if (desk->directory_fd < 0)
		return fail(errno, "open directory", directory->path, directory->path_size, err);
	return 0;
}

static int
open_file(const struct tree_writer *writer, struct desk *desk, uint32_t number, struct error **err)
{
	const struct planned_file *file = &writer->files[number];
	AUTO_FREE char *name = NULL;

	if (desk->open.fd >= 0 && desk->open.file == number)
		return 0;
	close_at(&desk->open.fd);
	desk->open.fd = -1;
	if (open_in_directory(writer, desk, file->directory, err) < 0)
		return -1;
	name = xstrndup(file->name, file->name_size);
	desk->open.file = number;
	desk->open.fd = openat(desk->directory_fd, name,
			       O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	return desk->open.fd < 0 ? error_set_path(err, errno, "create", name) : 0;
}

/* Sets an access time before the modification time: under `relatime` the first read is then
 * recorded. */
static void
times_of(const struct timespec *mtime, struct timespec *ret_times)
{
	ret_times[0] = *mtime;
	ret_times[0].tv_sec--;
	ret_times[1] = *mtime;
}

static int
complete_file(const struct planned_file *file, int fd, struct error **err)
{
	struct timespec times[2];

	times_of(&file->mtime, times);
	if (fchmod(fd, file->mode) < 0 || futimens(fd, times) < 0)
		return fail(errno, "set mode and time of", file->name, file->name_size, err);
	return 0;
}

static int
write_bytes(struct tree_writer *writer, struct desk *desk, uint32_t number, const uint8_t *bytes,
	    size_t size, uint64_t offset, struct error **err)
{
	struct planned_file *file = &writer->files[number];

	if (open_file(writer, desk, number, err) < 0)
		return -1;
	if (fd_pwrite_all(desk->open.fd, bytes, size, offset, "a file of the cache", err) < 0)
		return -1;
	if (atomic_fetch_sub(&file->left_bytes, size) != size)
		return 0;
	return complete_file(file, desk->open.fd, err);
}

static uint32_t
file_of_run(const struct tree_writer *writer, const struct run *run, uint32_t member)
{
	return run->is_bundle ? writer->small[run->first + member] : run->first;
}

static int
write_use(struct tree_writer *writer, struct desk *desk, const struct use *use, size_t size,
	  struct error **err)
{
	const struct run *run = &writer->runs[use->run];
	uint32_t low = 0;
	uint32_t high = run->file_count;
	uint32_t member;
	size_t done = 0;

	/* The file of the run that has the byte at `offset`. */
	while (low + 1 < high) {
		uint32_t middle = low + (high - low) / 2;

		if (writer->files[file_of_run(writer, run, middle)].offset <= use->offset)
			low = middle;
		else
			high = middle;
	}
	member = low;
	for (; done < size && member < run->file_count; member++) {
		uint32_t number = file_of_run(writer, run, member);
		const struct planned_file *file = &writer->files[number];
		uint64_t start = use->offset + done - file->offset;
		uint64_t left = file->size_bytes - start;
		size_t part = left < size - done ? (size_t)left : size - done;

		if (write_bytes(writer, desk, number, desk->bytes + done, part, start, err) < 0)
			return -1;
		done += part;
	}
	return 0;
}

static const struct use *
find_uses(const struct tree_writer *writer, uint32_t chunk)
{
	size_t low = 0;
	size_t high = writer->use_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (writer->uses[middle].chunk < chunk)
			low = middle + 1;
		else
			high = middle;
	}
	return writer->uses + low;
}

static int
write_chunk(struct tree_writer *writer, struct desk *desk, uint32_t number, int fd,
	    struct error **err)
{
	const struct packed_chunk *chunk = &writer->plan.table->chunks[number];
	const struct use *use = find_uses(writer, number);
	const struct use *end = writer->uses + writer->use_count;

	if (use == end || use->chunk != number)
		return 0;
	if (packed_chunk_read(desk->coder, chunk, fd, desk->frame, desk->bytes, err) < 0)
		return -1;
	for (; use < end && use->chunk == number; use++)
		if (write_use(writer, desk, use, chunk->size_bytes, err) < 0)
			return -1;
	return 0;
}

/* Packs */

struct slice {
	struct job job;
	struct tree_writer *writer;
	uint32_t first;
	uint32_t end;
	int fd;
	bool is_done;
};

static struct desk *
take_desk(struct tree_writer *writer)
{
	struct desk *desk;

	pthread_mutex_lock(&writer->lock);
	desk = writer->desks;
	if (desk)
		writer->desks = desk->next;
	pthread_mutex_unlock(&writer->lock);
	if (desk)
		return desk;
	desk = XNEW(struct desk);
	desk->coder = frame_coder_new();
	desk->frame = xcalloc(1, CACHE_FRAME_LIMIT_BYTES);
	desk->bytes = xcalloc(1, CACHE_CHUNK_LIMIT_BYTES);
	desk->open.fd = desk->directory_fd = -1;
	return desk;
}

static bool
has_failed(struct tree_writer *writer)
{
	bool failed;

	pthread_mutex_lock(&writer->lock);
	failed = writer->failure != NULL;
	pthread_mutex_unlock(&writer->lock);
	return failed;
}

static void
run_slice(struct job *job)
{
	struct slice *slice = (struct slice *)job;
	struct tree_writer *writer = slice->writer;
	struct desk *desk = take_desk(writer);
	struct error *failure = NULL;

	for (uint32_t i = slice->first; i < slice->end && !failure && !has_failed(writer); i++)
		(void)write_chunk(writer, desk, i, slice->fd, &failure);
	close_files(desk);
	pthread_mutex_lock(&writer->lock);
	desk->next = writer->desks;
	writer->desks = desk;
	if (writer->failure)
		error_free(failure);
	else
		writer->failure = failure;
	slice->is_done = true;
	pthread_cond_signal(&writer->slice_done);
	pthread_mutex_unlock(&writer->lock);
}

/* Chunks of about SLICE_BYTES from `first` on. */
static uint32_t
slice_end(const struct chunk_table *table, uint32_t first, uint32_t end)
{
	uint64_t bytes = 0;

	while (first < end && bytes < SLICE_BYTES)
		bytes += table->chunks[first++].frame_bytes;
	return first;
}

int
tree_writer_pack(struct tree_writer *writer, size_t number, int fd, struct workers *workers,
		 struct error **err)
{
	const struct packed_file *pack = &writer->plan.table->packs[number];
	uint32_t end = pack->first_chunk + pack->chunk_count;
	AUTO_FREE struct slice *slices =
		xcalloc(pack->size_bytes / SLICE_BYTES + 2, sizeof(*slices));
	size_t count = 0;

	for (uint32_t first = pack->first_chunk; first < end; count++) {
		slices[count] = (struct slice){
			.job = { .run = run_slice },
			.writer = writer,
			.first = first,
			.end = slice_end(writer->plan.table, first, end),
			.fd = fd,
		};
		first = slices[count].end;
		if (workers)
			workers_queue(workers, &slices[count].job);
		else
			run_slice(&slices[count].job);
	}
	pthread_mutex_lock(&writer->lock);
	for (size_t i = 0; i < count; i++)
		while (!slices[i].is_done)
			pthread_cond_wait(&writer->slice_done, &writer->lock);
	pthread_mutex_unlock(&writer->lock);
	return writer->failure ? error_pass(err, TAKE_PTR(writer->failure)) : 0;
}

/* The rest */

static int
finish_file(struct tree_writer *writer, struct desk *desk, uint32_t number, struct error **err)
{
	struct planned_file *file = &writer->files[number];

	if (atomic_load(&file->left_bytes) != 0)
		return refuse("a pack did not come", err);
	if (file->size_bytes > 0)
		return 0;
	if (open_file(writer, desk, number, err) < 0)
		return -1;
	return complete_file(file, desk->open.fd, err);
}

static int
make_hard_link(const struct tree_writer *writer, const struct tree_entry *entry, int directory_fd,
	       const char *name, struct error **err)
{
	size_t parent_size = entry->target_size;
	AUTO_FREE char *target = NULL;
	AUTO_CLOSE int target_fd = -1;
	struct stat info;

	while (parent_size > 0 && entry->target[parent_size - 1] != '/')
		parent_size--;
	target = xstrndup(entry->target + parent_size, entry->target_size - parent_size);
	target_fd = open_directory(writer, entry->target, parent_size > 0 ? parent_size - 1 : 0);
	if (target_fd < 0 || fstatat(target_fd, target, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_path(err, errno, "find a hard link's file", target);
	if (!S_ISREG(info.st_mode))
		return refuse("a hard link leads to something else than a file", err);
	if (linkat(target_fd, target, directory_fd, name, 0) < 0)
		return error_set_path(err, errno, "make hard link", name);
	return 0;
}

static int
make_link(const struct tree_writer *writer, struct desk *desk, uint32_t directory,
	  const struct tree_entry *entry, struct error **err)
{
	AUTO_FREE char *name = xstrndup(entry->text, entry->text_size);
	AUTO_FREE char *target = NULL;
	struct timespec mtime;
	struct timespec times[2];

	if (entry->kind == ENTRY_HARD_LINK && is_skipped(writer, entry))
		return 0;
	if (open_in_directory(writer, desk, directory, err) < 0)
		return -1;
	if (entry->kind == ENTRY_HARD_LINK)
		return make_hard_link(writer, entry, desk->directory_fd, name, err);
	target = xstrndup(entry->target, entry->target_size);
	mtime = shifted(writer, entry->mtime);
	times_of(&mtime, times);
	if (symlinkat(target, desk->directory_fd, name) < 0 ||
	    utimensat(desk->directory_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_path(err, errno, "make symbolic link", name);
	return 0;
}

/* Links of one kind, in a pass of their own: after symbolic links exist, no path is opened. */
static int
make_links(struct tree_writer *writer, struct desk *desk, enum tree_entry_kind kind,
	   struct error **err)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	struct tree_entry entry;
	uint32_t directory = 0;
	bool is_ours = false;
	bool ended = false;

	tree_cursor_open(&cursor, writer->plan.index, writer->plan.index_size);
	for (;;) {
		if (next_of_root(writer, &cursor, &is_ours, &entry, &ended, err) < 0)
			return -1;
		if (ended)
			return 0;
		if (entry.kind == ENTRY_DIRECTORY)
			directory++;
		else if (entry.kind == kind &&
			 make_link(writer, desk, directory - 1, &entry, err) < 0)
			return -1;
	}
}

/* ninja's log has times of its own: after a shift they would not match, and a changed file might
 * seem fresh.  Without the log ninja builds again. */
static int
remove_logs(struct tree_writer *writer, struct desk *desk, struct error **err)
{
	static const char log[] = ".ninja_log";

	for (size_t i = 0; writer->plan.shift_ns != 0 && i < writer->file_count; i++) {
		const struct planned_file *file = &writer->files[i];

		if (file->name_size != strlen(log) || memcmp(file->name, log, strlen(log)) != 0)
			continue;
		if (open_in_directory(writer, desk, file->directory, err) < 0)
			return -1;
		if (unlinkat(desk->directory_fd, log, 0) < 0)
			return error_set_path(err, errno, "remove", log);
	}
	return 0;
}

int
tree_writer_finish(struct tree_writer *writer, struct error **err)
{
	struct desk *desk = take_desk(writer);
	int ret = 0;

	for (uint32_t i = 0; i < writer->file_count && ret == 0; i++)
		ret = finish_file(writer, desk, i, err);
	if (ret == 0)
		ret = make_links(writer, desk, ENTRY_HARD_LINK, err);
	if (ret == 0)
		ret = remove_logs(writer, desk, err);
	if (ret == 0)
		ret = make_links(writer, desk, ENTRY_SYMLINK, err);
	close_files(desk);
	desk->next = writer->desks;
	writer->desks = desk;
	/* Subdirectories first: setting their times changes the parent's. */
	if (ret < 0)
		return -1;
	for (size_t i = writer->directory_count; i > 0; i--) {
		const struct planned_directory *directory = &writer->directories[i - 1];
		AUTO_CLOSE int fd = open_directory(writer, directory->path, directory->path_size);
		struct timespec times[2];

		times_of(&directory->mtime, times);
		if (fd < 0 || fchmod(fd, (mode_t)directory->mode) < 0 || futimens(fd, times) < 0)
			return fail(errno, "set mode and time of", directory->path,
				    directory->path_size, err);
	}
	return 0;
}
