/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/leftovers.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/pack/hard_links.h"
#include "layer/pack/tar_writer.h"
#include "layer/tar_header.h"
#include "layer/xattrs.h"
#include "stream/sink.h"

struct packing {
	const struct pack_options *options;
	struct tar_writer *writer;
	struct hard_links links;
	struct pack_counts counts;
	char *buffer; /* of TRANSFER_BUFFER_BYTES */
};

struct pack_entry {
	int dir_fd;
	const char *name; /* in dir_fd */
	const char *path; /* in the tar */
	struct stat status;
};

static int
pack_refuse_changed(const char *path, struct error **err)
{
	error_set(err, ERROR_CONTENT, "'%s' changed while it was read", QUOTED(path));
	error_set_class(err, CLASS_SOURCE_CHANGED);
	return error_set_hint(err, "run again when no process writes to it");
}

/* Opens the entry, and refuses it if it has changed since its lstat.  Does not block on a FIFO, and
 * does not acquire a terminal, that the entry may have become. */
static int
pack_open(struct pack_entry *entry, int flags, struct error **err)
{
	AUTO_CLOSE int fd =
		openat(entry->dir_fd, entry->name,
		       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	struct stat status;

	if (fd < 0 && (errno_is_link(errno) || errno == ENOTDIR || errno == ENOENT))
		return pack_refuse_changed(entry->path, err);
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_path(err, errno, "open", entry->path);
	if (!file_is_same(&entry->status, &status))
		return pack_refuse_changed(entry->path, err);
	return TAKE_FD(fd);
}

/* Copies exactly st_size bytes. */
static int
copy_content(struct packing *packing, const struct pack_entry *entry, int fd, struct error **err)
{
	uint64_t left = (uint64_t)entry->status.st_size;
	ssize_t got;

	do {
		got = fd_read_full(fd, packing->buffer, TRANSFER_BUFFER_BYTES);
		if (got < 0)
			return error_set_path(err, errno, "read", entry->path);
		if (leftovers_check(err) < 0)
			return -1;
		if ((uint64_t)got > left)
			return pack_refuse_changed(entry->path, err);
		if (tar_writer_write(packing->writer, packing->buffer, (size_t)got, err) < 0)
			return -1;
		left -= (uint64_t)got;
	} while (got == TRANSFER_BUFFER_BYTES);
	return left > 0 ? pack_refuse_changed(entry->path, err) : 0;
}

static int
pack_check_unchanged(const struct pack_entry *entry, int fd, struct error **err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_path(err, errno, "stat", entry->path);
	return file_is_same(&entry->status, &status) ? 0 : pack_refuse_changed(entry->path, err);
}

static struct tar_member
pack_member(const struct packing *packing, const struct pack_entry *entry, enum tar_type type)
{
	const struct pack_options *options = packing->options;
	const struct stat *status = &entry->status;
	int64_t mtime_s = status->st_mtim.tv_sec;

	return (struct tar_member){
		.type = type,
		.name = entry->path,
		.permissions = status->st_mode & 07777,
		.uid = options->keep_owners ? status->st_uid : options->uid,
		.gid = options->keep_owners ? status->st_gid : options->gid,
		.mtime_s = mtime_s < options->mtime_limit_s ? mtime_s : options->mtime_limit_s,
	};
}

static int
pack_add(struct packing *packing, const struct tar_member *member, struct error **err)
{
	if (tar_writer_begin(packing->writer, member, err) < 0)
		return error_wrap(err, "'%s'", QUOTED(member->name));
	packing->counts.members++;
	return 0;
}

static int
pack_file(struct packing *packing, struct pack_entry *entry, struct error **err)
{
	struct tar_member member = pack_member(packing, entry, TAR_FILE);
	AUTO_XATTRS struct xattrs xattrs = { 0 };
	AUTO_CLOSE int fd = pack_open(entry, 0, err);

	if (fd < 0 || xattrs_read(fd, entry->path, &xattrs, err) < 0)
		return -1;
	member.size_bytes = (uint64_t)entry->status.st_size;
	member.xattrs = xattrs.items;
	member.xattr_count = xattrs.count;
	if (pack_add(packing, &member, err) < 0 || copy_content(packing, entry, fd, err) < 0)
		return -1;
	return pack_check_unchanged(entry, fd, err);
}

static int
pack_symlink(struct packing *packing, const struct pack_entry *entry, struct error **err)
{
	struct tar_member member = pack_member(packing, entry, TAR_SYMLINK);
	char target[PATH_MAX + 1];
	ssize_t size = readlinkat(entry->dir_fd, entry->name, target, PATH_MAX);

	if (size < 0 && (errno == EINVAL || errno == ENOENT))
		return pack_refuse_changed(entry->path, err);
	if (size < 0)
		return error_set_path(err, errno, "read link", entry->path);
	target[size] = '\0';
	member.target = target;
	/* Always 0777 on Linux; other systems have other modes. */
	member.permissions = 0777;
	return pack_add(packing, &member, err);
}

static int
pack_device(struct packing *packing, const struct pack_entry *entry, enum tar_type type,
	    struct error **err)
{
	struct tar_member member = pack_member(packing, entry, type);

	member.device_major = major(entry->status.st_rdev);
	member.device_minor = minor(entry->status.st_rdev);
	return pack_add(packing, &member, err);
}

/* Packs a hard link if the file was packed before under another name. */
static int
pack_link(struct packing *packing, const struct pack_entry *entry, bool *ret_done,
	  struct error **err)
{
	struct tar_member member = pack_member(packing, entry, TAR_HARD_LINK);

	*ret_done = false;
	if (entry->status.st_nlink < 2)
		return 0;
	if (hard_links_meet(&packing->links, &entry->status, entry->path, &member.target, err) < 0)
		return -1;
	*ret_done = member.target;
	return member.target ? pack_add(packing, &member, err) : 0;
}

static int
pack_by_type(struct packing *packing, struct pack_entry *entry, struct error **err)
{
	struct tar_member fifo = pack_member(packing, entry, TAR_FIFO);

	switch (entry->status.st_mode & S_IFMT) {
	case S_IFREG:
		return pack_file(packing, entry, err);
	case S_IFLNK:
		return pack_symlink(packing, entry, err);
	case S_IFIFO:
		return pack_add(packing, &fifo, err);
	case S_IFCHR:
		return pack_device(packing, entry, TAR_CHARACTER_DEVICE, err);
	default:
		return pack_device(packing, entry, TAR_BLOCK_DEVICE, err);
	}
}

static const char whiteout_prefix[] = ".wh.";
static const char opaque_name[] = ".wh..wh..opq";

static bool
is_whiteout(const struct packing *packing, const struct stat *status)
{
	const struct pack_options *options = packing->options;

	if (options->whiteout_inode && status->st_ino == options->whiteout_inode)
		return true;
	return options->is_upper && S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

/* A whiteout is an empty file. */
static int
pack_whiteout(struct packing *packing, const char *directory, const char *name, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s%s", directory, name);
	struct tar_member member = { .type = TAR_FILE, .name = path };

	return pack_add(packing, &member, err);
}

/* Anything but a directory, found in `directory`. */
static int
pack_other(struct packing *packing, const char *directory, struct pack_entry *entry,
	   struct error **err)
{
	bool is_done;

	if (S_ISSOCK(entry->status.st_mode)) {
		packing->counts.sockets++;
		return 0;
	}
	/* Before hard links, because overlayfs links all whiteouts to one device. */
	if (is_whiteout(packing, &entry->status)) {
		AUTO_FREE char *name = xasprintf("%s%s", whiteout_prefix, entry->name);

		return pack_whiteout(packing, directory, name, err);
	}
	if (pack_link(packing, entry, &is_done, err) < 0)
		return -1;
	return is_done ? 0 : pack_by_type(packing, entry, err);
}

/* The entries of an open directory; `path` is "" or ends with '/'. */
static int pack_children(struct packing *packing, int dir_fd, const char *path, unsigned depth,
			 struct error **err);

static int
pack_directory(struct packing *packing, struct pack_entry *entry, unsigned depth,
	       struct error **err)
{
	struct tar_member member = pack_member(packing, entry, TAR_DIRECTORY);
	AUTO_FREE char *path = xasprintf("%s/", entry->path);
	AUTO_XATTRS struct xattrs xattrs = { 0 };
	AUTO_CLOSE int fd = pack_open(entry, O_DIRECTORY, err);

	if (fd < 0 || xattrs_read(fd, entry->path, &xattrs, err) < 0)
		return -1;
	member.xattrs = xattrs.items;
	member.xattr_count = xattrs.count;
	if (pack_add(packing, &member, err) < 0)
		return -1;
	if (packing->options->is_upper && xattrs_say_opaque(fd) &&
	    pack_whiteout(packing, path, opaque_name, err) < 0)
		return -1;
	if (pack_children(packing, fd, path, depth + 1, err) < 0)
		return -1;
	return pack_check_unchanged(entry, fd, err);
}

static int
pack_child(struct packing *packing, int dir_fd, const char *directory, const char *name,
	   unsigned depth, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s%s", directory, name);
	struct pack_entry entry = { .dir_fd = dir_fd, .name = name, .path = path };

	if (text_starts(name, whiteout_prefix)) {
		error_set(err, ERROR_LOCAL, "cannot pack '%s': the name is reserved in layers",
			  QUOTED(path));
		return error_set_hint(err, "names that start with '.wh.' mark deleted files");
	}
	if (fstatat(dir_fd, name, &entry.status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? pack_refuse_changed(path, err)
				       : error_set_path(err, errno, "stat", path);
	if (S_ISDIR(entry.status.st_mode))
		return pack_directory(packing, &entry, depth, err);
	return pack_other(packing, directory, &entry, err);
}

static int
refuse_size(const char *path, const char *what, struct error **err)
{
	error_set(err, ERROR_CONTENT, "'%s' %s", QUOTED(path), what);
	return error_set_class(err, CLASS_LIMIT);
}

static int
pack_children(struct packing *packing, int dir_fd, const char *path, unsigned depth,
	      struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (depth > PACK_LIMIT_DEPTH)
		return refuse_size(path, "is nested too deeply", err);
	if (dir_names(dir_fd, PACK_NAMES_LIMIT_COUNT, &names) != 0) {
		if (errno == E2BIG)
			return refuse_size(path, "has too many entries", err);
		return error_set_path(err, errno, "read directory", path);
	}
	for (size_t i = 0; i < names.count; i++)
		if (pack_child(packing, dir_fd, path, names.items[i], depth, err) < 0)
			return -1;
	return 0;
}

static int
pack_root(struct packing *packing, struct error **err)
{
	const struct pack_options *options = packing->options;
	AUTO_FREE char *path = options->prefix ? xasprintf("%s/", options->prefix) : xstrdup("");
	struct pack_entry root = { .path = options->prefix ? options->prefix : "." };

	if (fstat(options->root_fd, &root.status) < 0)
		return error_set_path(err, errno, "stat", root.path);
	/* The directories above the tree; the last one is the tree's root and has its owner. */
	if (options->prefix) {
		const char *end = options->prefix;

		do {
			AUTO_FREE char *name = NULL;
			struct tar_member member = { .type = TAR_DIRECTORY, .permissions = 0755 };

			end += strcspn(end, "/");
			name = xstrndup(options->prefix, (size_t)(end - options->prefix));
			member.name = name;
			if (!*end && !options->keep_owners) {
				member.uid = options->uid;
				member.gid = options->gid;
			}
			if (pack_add(packing, &member, err) < 0)
				return -1;
		} while (*end++);
	}
	if (pack_children(packing, options->root_fd, path, 0, err) < 0 ||
	    pack_check_unchanged(&root, options->root_fd, err) < 0)
		return -1;
	return tar_writer_finish(packing->writer, err);
}

int
pack_tree(const struct pack_options *options, struct sink *sink, struct pack_counts *ret_counts,
	  struct error **err)
{
	AUTO_TAR_WRITER struct tar_writer *writer = tar_writer_new(sink);
	AUTO_FREE char *buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);
	struct packing packing = { .options = options, .writer = writer, .buffer = buffer };
	int packed = pack_root(&packing, err);

	hard_links_release(&packing.links);
	if (packed == 0)
		*ret_counts = packing.counts;
	return packed;
}
