#include "image/unpack/layers_fit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/tree_record.h"

struct fit {
	const int *fds;
	size_t number; /* of the layer whose record is read */
};

enum finding { FINDING_NOTHING, FINDING_WHITEOUT, FINDING_DIRECTORY, FINDING_OTHER };

static enum finding
judge_missing(int parent_fd, const char *name)
{
	struct stat status;

	if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? FINDING_NOTHING : FINDING_OTHER;
	return S_ISCHR(status.st_mode) && status.st_rdev == 0 ? FINDING_WHITEOUT : FINDING_OTHER;
}

/* Without following any link. */
static enum finding
look(int layer_fd, const char *path, struct stat *ret_status)
{
	AUTO_FREE char *copy = xasprintf("fs/%s", path);
	AUTO_CLOSE int fd = fcntl(layer_fd, F_DUPFD_CLOEXEC, 0);
	char *rest = copy;
	char *name;

	while ((name = strsep(&rest, "/"))) {
		int next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0)
			return judge_missing(fd, name);
		close_at(&fd);
		fd = next;
	}
	return fstat(fd, ret_status) < 0 ? FINDING_OTHER : FINDING_DIRECTORY;
}

static bool
is_alike(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

static bool
fits(const struct fit *fit, const char *path)
{
	struct stat own;
	struct stat below;

	if (look(fit->fds[fit->number], path, &own) != FINDING_DIRECTORY)
		return true;
	for (size_t i = fit->number; i-- > 0;) {
		switch (look(fit->fds[i], path, &below)) {
		case FINDING_NOTHING:
			break;
		case FINDING_WHITEOUT:
			return true;
		case FINDING_DIRECTORY:
			return is_alike(&own, &below);
		case FINDING_OTHER:
			return false;
		}
	}
	return true;
}

/* A whiteout is not seen in a directory that a lower layer has too. */
static bool
hides(const struct fit *fit, const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = xstrndup(path, slash ? (size_t)(slash - path) : 0);
	struct stat below;

	if (!slash)
		return true;
	for (size_t i = fit->number; i-- > 0;) {
		enum finding finding = look(fit->fds[i], parent, &below);

		if (finding != FINDING_NOTHING)
			return finding == FINDING_DIRECTORY;
	}
	return false;
}

static int
needs_flat(const struct fit *fit, const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "layer %zu %s", fit->number + 1, why);
	return error_set_class(err, "needs_flat");
}

static int
check_path(void *context, char kind, const char *path, struct error **err)
{
	const struct fit *fit = context;

	if (kind == 'i' && !fits(fit, path))
		return needs_flat(fit, "has no entry for a directory that it changes", err);
	if (kind == 'w' && !hides(fit, path))
		return needs_flat(fit, "removes what no layer below it has", err);
	return 0;
}

static int
check_layer(struct fit *fit, struct error **err)
{
	AUTO_BUF struct buf record = BUF_INIT(TREE_RECORD_LIMIT_BYTES);
	bool found = false;

	if (file_find(fit->fds[fit->number], "record", &record, &found, err) < 0)
		return -1;
	return found ? tree_record_read(&record, check_path, fit, err) : 0;
}

static int
note_root(void *context, char kind, const char *path, struct error **err)
{
	bool *is_implied = context;

	(void)err;
	*is_implied |= kind == 'i' && *path == '\0';
	return 0;
}

static int
look_at_root(int layer_fd, bool *ret_is_implied, mode_t *ret_mode, struct error **err)
{
	AUTO_BUF struct buf record = BUF_INIT(TREE_RECORD_LIMIT_BYTES);
	struct stat status;
	bool found = false;

	*ret_is_implied = false;
	if (file_find(layer_fd, "record", &record, &found, err) < 0 ||
	    tree_record_read(&record, note_root, ret_is_implied, err) < 0)
		return -1;
	if (fstatat(layer_fd, "fs", &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "cannot look at the tree of a layer");
	*ret_mode = status.st_mode & 07777;
	return 0;
}

int
layers_find_root_mode(const int *fds, size_t count, mode_t *ret_mode, struct error **err)
{
	bool is_implied = true;

	*ret_mode = 0755;
	while (is_implied && count-- > 0)
		if (look_at_root(fds[count], &is_implied, ret_mode, err) < 0)
			return -1;
	return 0;
}

int
layers_check_fit(const int *fds, size_t count, struct error **err)
{
	struct fit fit = { .fds = fds };

	for (; fit.number < count; fit.number++)
		if (check_layer(&fit, err) < 0)
			return -1;
	return 0;
}
