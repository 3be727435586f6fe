#include "layer/pack/pack_private.h"

#include <errno.h>
#include <limits.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"

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
	/* Linux has no other; file systems of other systems have. */
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

/* A link when it was packed under another name before. */
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

int
pack_leaf(struct packing *packing, struct pack_entry *entry, struct error **err)
{
	bool is_done;

	if (pack_link(packing, entry, &is_done, err) < 0)
		return -1;
	return is_done ? 0 : pack_by_type(packing, entry, err);
}
