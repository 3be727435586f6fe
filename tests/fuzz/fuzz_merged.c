/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of several layers, merged in memory and applied to a tree on disk: both accept them or
 * neither does, and both have the same names, types and hard links. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/strings.h"
#include "entries.h"
#include "fuzz.h"
#include "layer/helper/beneath.h"
#include "layer/helper/merged.h"
#include "layer/helper/remove_tree.h"

static int
fill_both(struct tree *tree, struct merged *merged, struct input input)
{
	for (unsigned i = 0; input.size > 0 && i < ENTRIES_LIMIT_COUNT; i++) {
		unsigned begins = take(&input);
		AUTO_ENTRY struct entry entry = take_entry(&input);
		AUTO_ERROR struct error *on_disk = NULL;
		AUTO_ERROR struct error *in_memory = NULL;

		if (begins % 8 == 0) {
			tree_begin_layer(tree);
			merged->layer++;
			merged->entry = 0;
		}
		/* The tree skips devices, entry_read() refuses a link without a target, and the
		 * comparison needs to search directories. */
		if (entry.type == ENTRY_DEVICE ||
		    (entry.type == ENTRY_SYMBOLIC_LINK && !*entry.link))
			entry.type = ENTRY_FIFO;
		entry.format = S_IFIFO;
		entry.mode |= 0700;
		(void)add_to_tree(tree, &entry, &on_disk);
		/* It keeps the last directory open, whose path a link may have replaced. */
		tree_forget_parent(tree);
		(void)merged_add(merged, &entry, &in_memory);
		merged->entry++;
		INSIST(!on_disk == !in_memory);
		if (on_disk)
			return -1;
	}
	return 0;
}

static size_t
count_below(int fd)
{
	AUTO_STRINGS struct strings names = { 0 };
	size_t count = 0;

	INSIST(dir_names(fd, SIZE_MAX, &names) == 0);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_CLOSE int child =
			openat(fd, names.items[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		count += 1 + (child >= 0 ? count_below(child) : 0);
	}
	return count;
}

static mode_t
format_of(enum entry_type type)
{
	switch (type) {
	case ENTRY_FILE:
		return S_IFREG;
	case ENTRY_DIRECTORY:
		return S_IFDIR;
	case ENTRY_SYMBOLIC_LINK:
		return S_IFLNK;
	default:
		return S_IFIFO;
	}
}

/* How many names the file has; each is the same file on disk. */
static size_t
check_file(int tree_fd, const struct merged_file *file)
{
	size_t count = 0;
	ino_t first = 0;

	for (const struct merged_name *name = file->names; name; name = name->other) {
		char path[PATH_LIMIT_BYTES];
		struct stat status;

		if (name->is_gone)
			continue;
		merged_path(name, path);
		INSIST(fstatat(tree_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0);
		INSIST((status.st_mode & S_IFMT) == format_of(file->type));
		INSIST(name->parent->file->type == ENTRY_DIRECTORY && !name->parent->is_gone);
		INSIST(count == 0 || status.st_ino == first);
		first = status.st_ino;
		count++;
	}
	return count;
}

static void
compare(int tree_fd, const struct merged *merged)
{
	size_t count = 0;

	for (size_t i = 0; i < merged->file_count; i++)
		count += check_file(tree_fd, merged->files[i]);
	INSIST(count == count_below(tree_fd));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/dev/shm/fuzz.XXXXXX";
	AUTO_TREE struct tree tree = { .parent_fd = -1 };
	AUTO_MERGED struct merged merged = { 0 };
	AUTO_CLOSE int tree_fd = -1;

	umask(0);
	INSIST(mkdtemp(path));
	tree_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_init(&tree, tree_fd, -1);
	tree.map.kind = ID_MAP_OWN;
	INSIST(merged_init(&merged, NULL) == 0);
	if (fill_both(&tree, &merged, (struct input){ data, size }) == 0)
		compare(tree_fd, &merged);
	INSIST(remove_children(tree_fd) == 0);
	INSIST(rmdir(path) == 0);
	return 0;
}
