/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/tree_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/tree/filter.h"
#include "layer/pack/hard_links.h"

struct scanning {
	struct tree_scan *scan;
	const struct tree_filter *filter;
	enum tree_executables executables;
	size_t root;
	struct buf path; /* the directory that is read, relative to the root */
	struct hard_links links;
	unsigned depth;
};

static int64_t
nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

struct file_stamp
file_stamp_of(const struct stat *info)
{
	return (struct file_stamp){
		.size_bytes = (uint64_t)info->st_size,
		.mtime_ns = nanoseconds(&info->st_mtim),
		.ctime_ns = nanoseconds(&info->st_ctim),
		.inode = info->st_ino,
		.device = info->st_dev,
	};
}

bool
file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns && a->inode == b->inode && a->device == b->device;
}

static int
keep_text(struct tree_scan *scan, const char *text, uint32_t *ret_at, struct error **err)
{
	*ret_at = (uint32_t)scan->texts.size;
	return buf_append(&scan->texts, text, strlen(text) + 1, err);
}

static int
add_entry(struct scanning *scanning, enum tree_entry_kind kind, const char *text,
	  const struct stat *info, struct scanned **ret_entry, struct error **err)
{
	struct tree_scan *scan = scanning->scan;
	struct scanned *entry;

	if (scan->count == CACHE_ENTRIES_LIMIT_COUNT) {
		error_set(err, ERROR_CONTENT, "cannot save more than %d files",
			  CACHE_ENTRIES_LIMIT_COUNT);
		return error_set_class(err, CLASS_LIMIT);
	}
	scan->entries = xgrow(scan->entries, scan->count, sizeof(*scan->entries));
	entry = &scan->entries[scan->count];
	*entry = (struct scanned){ .kind = kind, .root = (uint8_t)scanning->root };
	if (info) {
		entry->stamp = file_stamp_of(info);
		entry->atime_ns = nanoseconds(&info->st_atim);
		entry->mode = info->st_mode & 0777;
	}
	if (keep_text(scan, text, &entry->text, err) < 0)
		return -1;
	scan->count++;
	*ret_entry = entry;
	return 0;
}

/* The names of keys as ssh-keygen makes them: "id_" alone is also a prefix of crate names. */
static bool
is_ssh_key(const char *name)
{
	static const char *const keys[] = { "id_rsa",     "id_dsa",      "id_ecdsa",
					    "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk" };

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (strcmp(name, keys[i]) == 0)
			return true;
	return false;
}

static bool
is_in(const struct scanning *scanning, const char *directory)
{
	const struct cache_root *root = &scanning->scan->roots->items[scanning->root];
	const char *path = scanning->path.size > 0 ? scanning->path.data : root->directory;

	return strcmp(path_name(path), directory) == 0;
}

static bool
is_secret(const struct scanning *scanning, const char *name)
{
	return strcmp(name, ".netrc") == 0 || strcmp(name, ".npmrc") == 0 ||
	       strcmp(name, ".pypirc") == 0 || is_ssh_key(name) ||
	       (text_starts(name, "credentials") && is_in(scanning, ".cargo")) ||
	       (strcmp(name, "config.json") == 0 && is_in(scanning, ".docker")) ||
	       (strcmp(name, "config") == 0 && is_in(scanning, ".git"));
}

/* A further name of a known file is a hard link to the first. */
static int
add_file(struct scanning *scanning, const char *name, const char *path, const struct stat *info,
	 bool is_executable, uint32_t directory, struct error **err)
{
	bool is_marked = is_executable && scanning->executables == TREE_MARKED_EXECUTABLES;
	struct tree_scan *scan = scanning->scan;
	bool is_small = info->st_size > 0 && (uint64_t)info->st_size <= CACHE_SMALL_FILE_BYTES;
	const char *first = NULL;
	struct scanned *entry;

	if (info->st_nlink > 1 && hard_links_meet(&scanning->links, info, path, &first, err) < 0)
		return -1;
	if (add_entry(scanning,
		      first       ? ENTRY_HARD_LINK
		      : is_marked ? ENTRY_EXECUTABLE
		      : is_small  ? ENTRY_SMALL
				  : ENTRY_FILE,
		      name, info, &entry, err) < 0)
		return -1;
	entry->directory = directory;
	entry->has_links = info->st_nlink > 1;
	entry->is_executable = is_executable;
	if (first)
		return keep_text(scan, first, &entry->target, err);
	scan->file_count++;
	scan->total_bytes += (uint64_t)info->st_size;
	scan->executable_bytes += is_executable ? (uint64_t)info->st_size : 0;
	return 0;
}

static int
add_link(struct scanning *scanning, int dir_fd, const char *name, const struct stat *info,
	 uint32_t directory, struct error **err)
{
	char target[PATH_LIMIT_BYTES];
	struct scanned *entry;
	ssize_t size = readlinkat(dir_fd, name, target, sizeof(target) - 1);

	if (size <= 0)
		return 0; /* removed or replaced meanwhile */
	target[size] = '\0';
	if (add_entry(scanning, ENTRY_SYMLINK, name, info, &entry, err) < 0)
		return -1;
	entry->directory = directory;
	return keep_text(scanning->scan, target, &entry->target, err);
}

static enum tree_choice
choose(struct scanning *scanning, const char *name, const char *path, const struct stat *info)
{
	const struct tree_filter *filter = scanning->filter;
	enum tree_choice choice = TREE_TAKE;

	if (S_ISREG(info->st_mode) && is_secret(scanning, name)) {
		strings_add(&scanning->scan->secrets, path);
		return TREE_LEAVE_OUT;
	}
	if (filter)
		choice = filter->choose(filter->context, scanning->root, path, info);
	if (choice == TREE_EXECUTABLE && scanning->executables == TREE_NO_EXECUTABLES) {
		scanning->scan->executable_bytes += (uint64_t)info->st_size;
		return TREE_LEAVE_OUT;
	}
	return choice;
}

/* Directories are kept for later: they come after all other entries. */
static int
scan_name(struct scanning *scanning, int dir_fd, const char *name, uint32_t directory,
	  struct strings *directories, struct error **err)
{
	AUTO_FREE char *path = scanning->path.size > 0
				       ? xasprintf("%s/%s", scanning->path.data, name)
				       : xstrdup(name);
	enum tree_choice choice;
	struct stat info;

	if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_set_path(err, errno, "look at", path);
	choice = choose(scanning, name, path, &info);
	if (choice == TREE_LEAVE_OUT)
		return 0;
	if (S_ISDIR(info.st_mode))
		strings_add(directories, name);
	else if (S_ISREG(info.st_mode))
		return add_file(scanning, name, path, &info, choice == TREE_EXECUTABLE, directory,
				err);
	else if (S_ISLNK(info.st_mode))
		return add_link(scanning, dir_fd, name, &info, directory, err);
	else
		scanning->scan->special_count++;
	return 0;
}

static int scan_directory(struct scanning *scanning, int fd, struct error **err);

static int
enter(struct scanning *scanning, int parent_fd, const char *name, struct error **err)
{
	size_t parent_size = scanning->path.size;
	AUTO_CLOSE int fd = dir_open_at(parent_fd, name);
	int ret;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno_is_link(errno)))
		return 0; /* gone meanwhile */
	if ((parent_size > 0 && buf_append(&scanning->path, "/", 1, err) < 0) ||
	    buf_append_text(&scanning->path, name, err) < 0)
		return -1;
	if (fd < 0)
		return error_set_path(err, errno, "open directory", scanning->path.data);
	if (scanning->depth == CACHE_DEPTH_LIMIT_COUNT)
		return error_set(err, ERROR_CONTENT,
				 "cannot save more than %d folders in each other",
				 CACHE_DEPTH_LIMIT_COUNT);
	scanning->depth++;
	ret = scan_directory(scanning, fd, err);
	scanning->depth--;
	scanning->path.size = parent_size;
	scanning->path.data[parent_size] = '\0';
	return ret;
}

static int
scan_directory(struct scanning *scanning, int fd, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_STRINGS struct strings directories = { 0 };
	const char *path = scanning->path.size > 0 ? scanning->path.data : "";
	struct scanned *entry;
	uint32_t directory;
	struct stat info;

	if (fstat(fd, &info) < 0 || dir_names(fd, CACHE_ENTRIES_LIMIT_COUNT, &names) < 0)
		return error_set_path(err, errno, "read directory", path);
	if (add_entry(scanning, ENTRY_DIRECTORY, path, &info, &entry, err) < 0)
		return -1;
	directory = (uint32_t)(scanning->scan->count - 1);
	entry->directory = directory;
	for (size_t i = 0; i < names.count; i++)
		if (scan_name(scanning, fd, names.items[i], directory, &directories, err) < 0)
			return -1;
	strings_release(&names);
	for (size_t i = 0; i < directories.count; i++)
		if (enter(scanning, fd, directories.items[i], err) < 0)
			return -1;
	return 0;
}

static int
scan_root(struct scanning *scanning, struct error **err)
{
	const struct cache_root *root = &scanning->scan->roots->items[scanning->root];
	AUTO_CLOSE int fd = open(root->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct scanned *entry;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_set_path(err, errno, "open directory", root->directory);
	if (add_entry(scanning, ENTRY_ROOT, root->label, NULL, &entry, err) < 0)
		return -1;
	return scan_directory(scanning, fd, err);
}

int
tree_scan(const struct cache_roots *roots, const struct tree_filter *filter,
	  enum tree_executables executables, struct tree_scan *ret_scan, struct error **err)
{
	AUTO_TREE_SCAN struct tree_scan scan = { .roots = roots, .texts = BUF_INIT(UINT32_MAX) };
	int ret = 0;

	for (size_t i = 0; i < roots->count && ret == 0; i++) {
		struct scanning scanning = {
			.scan = &scan,
			.filter = filter,
			.executables = executables,
			.root = i,
			.path = BUF_INIT(PATH_LIMIT_BYTES),
		};

		ret = scan_root(&scanning, err);
		if (ret < 0)
			error_wrap(err, "'%s'", roots->items[i].directory);
		hard_links_release(&scanning.links);
		buf_release(&scanning.path);
	}
	if (ret < 0)
		return -1;
	*ret_scan = scan;
	scan = (struct tree_scan){ 0 };
	return 0;
}

void
tree_scan_release(struct tree_scan *scan)
{
	free(scan->entries);
	buf_release(&scan->texts);
	strings_release(&scan->secrets);
	*scan = (struct tree_scan){ 0 };
}

bool
scanned_is_file(const struct scanned *entry)
{
	return entry->kind == ENTRY_FILE || entry->kind == ENTRY_SMALL ||
	       entry->kind == ENTRY_EXECUTABLE;
}

void
tree_scan_leave_out(struct tree_scan *scan, struct scanned *entry)
{
	if (!entry->left_out && scanned_is_file(entry)) {
		scan->file_count--;
		scan->total_bytes -= entry->stamp.size_bytes;
	}
	entry->left_out = true;
}

const char *
scanned_text(const struct tree_scan *scan, const struct scanned *entry)
{
	return scan->texts.data + entry->text;
}

char *
scanned_path(const struct tree_scan *scan, const struct scanned *entry)
{
	const char *directory = scan->texts.data + scan->entries[entry->directory].text;
	const char *name = scan->texts.data + entry->text;

	if (entry->kind == ENTRY_DIRECTORY || entry->kind == ENTRY_ROOT || !*directory)
		return xstrdup(name);
	return xasprintf("%s/%s", directory, name);
}

int
scanned_open(const struct tree_scan *scan, const struct scanned *entry)
{
	AUTO_FREE char *path = scanned_path(scan, entry);
	AUTO_FREE char *full = xasprintf("%s/%s", scan->roots->items[entry->root].directory, path);

	return open(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
