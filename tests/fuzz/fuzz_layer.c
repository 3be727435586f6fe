/* SPDX-License-Identifier: Apache-2.0 */
/* A layer, uncompressed, is applied to a tree that has one below it already; then all is removed.
 * The first byte says how.  A canary stands beside the tree. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "fuzz.h"
#include "layer/helper/apply.h"
#include "layer/helper/remove_tree.h"
#include "layer/helper/ring.h"
#include "layer/helper/tree.h"

#define OVERLAY 1
#define WALK 2

struct place {
	char path[32];
	int fd;
	int tree_fd;
};

static struct place
make_place(void)
{
	struct place place = { "/dev/shm/fuzz.XXXXXX", -1, -1 };

	INSIST(mkdtemp(place.path));
	place.fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	INSIST(mkdirat(place.fd, "tree", 0700) == 0 && mkdirat(place.fd, "canary", 0500) == 0);
	place.tree_fd = openat(place.fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	INSIST(mkdirat(place.tree_fd, "d", 0700) == 0 && mkdirat(place.tree_fd, "d/e", 0700) == 0);
	INSIST(symlinkat("../canary", place.tree_fd, "out") == 0);
	INSIST(symlinkat("d", place.tree_fd, "l") == 0);
	return place;
}

static void
check_and_remove(const struct place *place)
{
	struct stat status;

	INSIST(fstatat(place->fd, "canary", &status, 0) == 0);
	INSIST((status.st_mode & 07777) == 0500 && status.st_nlink == 2);
	INSIST(unlinkat(place->fd, "canary", AT_REMOVEDIR) == 0);
	INSIST(remove_children(place->tree_fd) == 0);
	INSIST(unlinkat(place->fd, "tree", AT_REMOVEDIR) == 0);
	INSIST(rmdir(place->path) == 0);
	close(place->tree_fd);
	close(place->fd);
}

/* The layer fits into the ring, so that nobody waits. */
static void
apply(const struct place *place, uint8_t flags, const uint8_t *data, size_t size)
{
	CLEANUP(ring_free_at) struct ring *ring = ring_new();
	AUTO_TREE struct tree tree = { .parent_fd = -1 };
	AUTO_ERROR struct error *err = NULL;

	tree_init(&tree, place->tree_fd, -1);
	tree.overlay = (flags & OVERLAY) != 0;
	tree.beneath.walk = (flags & WALK) != 0;
	tree.map.kind = ID_MAP_OWN;
	INSIST(ring_write(ring, data, size) && ring_end(ring));
	if (apply_layer(&tree, ring, &err) == 0)
		(void)tree_finish(&tree, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct place place;

	if (size < 1 || size > MIB)
		return 0;
	place = make_place();
	apply(&place, data[0], data + 1, size - 1);
	check_and_remove(&place);
	return 0;
}
