/* SPDX-License-Identifier: Apache-2.0 */
/* Entries in any order, as hostile as can be, with names from a small set so that they meet: to one
 * tree through openat2 and to another by walking, which must come out alike, and to one for
 * overlayfs. A canary stands beside each. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/strings.h"
#include "entries.h"
#include "fuzz.h"
#include "layer/helper/beneath.h"
#include "layer/helper/layer_reader.h"
#include "layer/helper/remove_tree.h"
#include "layer/helper/tree.h"

#define TIME_LIMIT_S 4096

static int
fill(struct tree *tree, struct input input, struct error **err)
{
	for (unsigned i = 0; input.size > 0 && i < ENTRIES_LIMIT_COUNT; i++) {
		unsigned begins = take(&input);
		AUTO_ENTRY struct entry entry = take_entry(&input);

		if (begins % 8 == 0 && !tree->overlay)
			tree_begin_layer(tree);
		if (add_to_tree(tree, &entry, err) < 0)
			return -1;
	}
	return tree_finish(tree, err);
}

/* What was not finished has the time of now. */
static void
describe_one(int fd, const char *name, const char *path, const struct stat *status,
	     struct buf *text)
{
	AUTO_FREE char *line = NULL;
	char target[256] = "";

	if (S_ISLNK(status->st_mode))
		INSIST(readlinkat(fd, name, target, sizeof(target) - 1) >= 0);
	line = xasprintf("%s %o %ju %jd %s\n", path, status->st_mode, (uintmax_t)status->st_nlink,
			 status->st_mtime > TIME_LIMIT_S ? -1 : (intmax_t)status->st_mtime, target);
	INSIST(buf_append_text(text, line, NULL) == 0);
}

/* A directory that denies even its owner tells what it holds after its mode was described. */
static int
open_listable(int fd, const char *name, const struct stat *status)
{
	if (!S_ISDIR(status->st_mode))
		return -1;
	INSIST(fchmodat(fd, name, 0700, 0) == 0);
	return openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void
describe(int fd, const char *path, struct buf *text)
{
	AUTO_STRINGS struct strings names = { 0 };

	INSIST(dir_names(fd, SIZE_MAX, &names) == 0);
	strings_sort(&names);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		AUTO_FREE char *below = xasprintf("%s/%s", path, name);
		AUTO_CLOSE int child = -1;
		struct stat status;

		INSIST(fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0);
		describe_one(fd, name, below, &status, text);
		child = open_listable(fd, name, &status);
		if (child >= 0)
			describe(child, below, text);
	}
}

static void
remove_place(const char *path, int fd, int tree_fd)
{
	struct stat status;

	INSIST(fstatat(fd, "canary", &status, 0) == 0);
	INSIST((status.st_mode & 07777) == 0500 && status.st_nlink == 2);
	INSIST(unlinkat(fd, "canary", AT_REMOVEDIR) == 0);
	INSIST(remove_children(tree_fd) == 0);
	INSIST(unlinkat(fd, "tree", AT_REMOVEDIR) == 0);
	INSIST(rmdir(path) == 0);
}

/* What came of it, in words. */
static void
try_input(struct input input, bool walk, bool overlay, struct buf *text)
{
	char path[] = "/dev/shm/fuzz.XXXXXX";
	AUTO_TREE struct tree tree = { .parent_fd = -1 };
	AUTO_ERROR struct error *failure = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int tree_fd = -1;

	INSIST(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	INSIST(mkdirat(fd, "tree", 0700) == 0 && mkdirat(fd, "canary", 0500) == 0);
	tree_fd = openat(fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_init(&tree, tree_fd, -1);
	tree.beneath.walk = walk;
	tree.overlay = overlay;
	tree.map.kind = ID_MAP_OWN;
	INSIST(buf_append_text(text,
			       fill(&tree, input, &failure) < 0 ? error_text(failure) : "done",
			       NULL) == 0);
	INSIST(fchmod(tree_fd, 0700) == 0);
	describe(tree_fd, "", text);
	remove_place(path, fd, tree_fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf opened = BUF_INIT(MIB);
	AUTO_BUF struct buf walked = BUF_INIT(MIB);
	AUTO_BUF struct buf overlaid = BUF_INIT(MIB);
	const struct input input = { data, size };

	umask(0);
	try_input(input, false, false, &opened);
	try_input(input, true, false, &walked);
	try_input(input, false, true, &overlaid);
	INSIST(opened.size == walked.size && memcmp(opened.data, walked.data, opened.size) == 0);
	return 0;
}
