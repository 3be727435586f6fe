#include "layer/pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/pack/pack_private.h"
#include "layer/pack/tar_writer.h"
#include "layer/xattrs.h"
#include "stream/sink.h"

static const char whiteout_prefix[] = ".wh.";
static const char opaque_name[] = ".wh..wh..opq";

struct tar_member
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

int
pack_add(struct packing *packing, const struct tar_member *member, struct error **err)
{
	if (tar_writer_begin(packing->writer, member, err) < 0) {
		return error_wrap(err, "'%s'", QUOTED(member->name));
	}
	packing->counts.members++;
	return 0;
}

static bool
is_whiteout(const struct packing *packing, const struct stat *status)
{
	const struct pack_options *options = packing->options;

	if (options->whiteout_inode && status->st_ino == options->whiteout_inode)
		return true;
	return options->is_upper && S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

/* An empty file that is its name alone. */
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
	if (S_ISSOCK(entry->status.st_mode)) {
		packing->counts.sockets++;
		return 0;
	}
	/* Overlayfs makes one device and links it: this comes before links. */
	if (is_whiteout(packing, &entry->status)) {
		AUTO_FREE char *name = xasprintf("%s%s", whiteout_prefix, entry->name);

		return pack_whiteout(packing, directory, name, err);
	}
	return pack_leaf(packing, entry, err);
}

/* What is in an open directory; `path` is "" or ends with '/'. */
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
refuse_name(const char *path, struct error **err)
{
	error_set(err, ERROR_LOCAL, "'%s' cannot be in a layer", QUOTED(path));
	return error_set_hint(err, "names that start with '.wh.' say there what is deleted");
}

static int
pack_child(struct packing *packing, int dir_fd, const char *directory, const char *name,
	   unsigned depth, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s%s", directory, name);
	struct pack_entry entry = { .dir_fd = dir_fd, .name = name, .path = path };

	if (text_starts(name, whiteout_prefix))
		return refuse_name(path, err);
	if (fstatat(dir_fd, name, &entry.status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? pack_refuse_changed(path, err)
				       : error_set_path(err, errno, "look at", path);
	if (S_ISDIR(entry.status.st_mode))
		return pack_directory(packing, &entry, depth, err);
	return pack_other(packing, directory, &entry, err);
}

static int
refuse_size(const char *path, const char *what, struct error **err)
{
	error_set(err, ERROR_CONTENT, "'%s' %s", QUOTED(path), what);
	return error_set_class(err, "limit");
}

static int
list_children(int dir_fd, const char *path, unsigned depth, struct strings *names,
	      struct error **err)
{
	if (depth > PACK_LIMIT_DEPTH)
		return refuse_size(path, "is too many folders deep", err);
	if (dir_names(dir_fd, PACK_NAMES_LIMIT_COUNT, names) == 0)
		return 0;
	if (errno == E2BIG)
		return refuse_size(path, "has too many names in it", err);
	return error_set_path(err, errno, "read directory", path);
}

static int
pack_children(struct packing *packing, int dir_fd, const char *path, unsigned depth,
	      struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (list_children(dir_fd, path, depth, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (pack_child(packing, dir_fd, path, names.items[i], depth, err) < 0)
			return -1;
	return 0;
}

/* The folders that the tree is put below; the last is the tree's own and belongs to its owner. */
static int
pack_prefix(struct packing *packing, const char *prefix, struct error **err)
{
	const struct pack_options *options = packing->options;
	const char *end = prefix;

	do {
		AUTO_FREE char *name = NULL;
		struct tar_member member = { .type = TAR_DIRECTORY, .permissions = 0755 };

		end += strcspn(end, "/");
		name = xstrndup(prefix, (size_t)(end - prefix));
		member.name = name;
		if (!*end && !options->keep_owners) {
			member.uid = options->uid;
			member.gid = options->gid;
		}
		if (pack_add(packing, &member, err) < 0)
			return -1;
	} while (*end++);
	return 0;
}

static int
pack_root(struct packing *packing, struct error **err)
{
	const struct pack_options *options = packing->options;
	AUTO_FREE char *path = options->prefix ? xasprintf("%s/", options->prefix) : xstrdup("");
	struct pack_entry root = { .path = options->prefix ? options->prefix : "." };

	if (fstat(options->root_fd, &root.status) < 0)
		return error_set_path(err, errno, "look at", root.path);
	if (options->prefix && pack_prefix(packing, options->prefix, err) < 0)
		return -1;
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
