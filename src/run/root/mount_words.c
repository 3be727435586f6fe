#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/root/mounts.h"
#include "run/root/volumes.h"

static void
add(struct job_mounts *mounts, const struct job_mount *mount)
{
	size_t i = mounts->count++;

	mounts->items = xgrow(mounts->items, i, sizeof(*mounts->items));
	for (; i > 0 && strcmp(mounts->items[i - 1].target, mount->target) > 0; i--)
		mounts->items[i] = mounts->items[i - 1];
	mounts->items[i] = *mount;
}

static int
refuse(const char *text, const char *why, struct error **err)
{
	return error_set(err, ERROR_USAGE, "'%s' %s", QUOTED(text), why);
}

/* The mode behind the last ':', if there is one. */
static int
take_mode(char *text, const char *whole, bool *ret_read_only, struct error **err)
{
	char *colon = strchr(text, ':');

	*ret_read_only = false;
	if (!colon)
		return 0;
	*colon = '\0';
	*ret_read_only = strcmp(colon + 1, "ro") == 0;
	if (*ret_read_only || strcmp(colon + 1, "rw") == 0)
		return 0;
	refuse(whole, "has an invalid mode: expected 'ro' or 'rw'", err);
	return -1;
}

static int
check_target(const char *target, const char *whole, struct error **err)
{
	if (*target != '/')
		return refuse(whole, "needs an absolute path in the image", err);
	if (target[strspn(target, "/.")] == '\0')
		return refuse(whole, "would hide the whole image", err);
	return 0;
}

int
job_mounts_add_volume(struct job_mounts *mounts, const char *text, struct error **err)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *source = colon ? xstrndup(text, (size_t)(colon - text)) : NULL;
	AUTO_FREE char *target = xstrdup(colon ? colon + 1 : "");
	bool is_path = source && (*source == '/' || *source == '.');
	struct job_mount mount = {
		.kind = is_path ? MOUNT_BIND : MOUNT_VOLUME,
		.lock_fd = -1,
		.tree_fd = -1,
	};

	if (!source)
		return refuse(text, "is not HOST:PATH or VOLUME:PATH", err);
	if (!is_path && !volume_is_name(source)) {
		refuse(source, "is not a valid volume name", err);
		return error_set_hint(err, "a host path begins with '/' or '.'");
	}
	if (take_mode(target, text, &mount.read_only, err) < 0 ||
	    check_target(target, text, err) < 0)
		return -1;
	mount.source = TAKE_PTR(source);
	mount.target = TAKE_PTR(target);
	add(mounts, &mount);
	return 0;
}

/* "PATH" or "PATH:size=64m,mode=1777" */
int
job_mounts_add_tmpfs(struct job_mounts *mounts, const char *text, struct error **err)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *target = xstrndup(text, colon ? (size_t)(colon - text) : strlen(text));
	struct job_mount mount = { .kind = MOUNT_TMPFS, .lock_fd = -1, .tree_fd = -1 };

	if (check_target(target, text, err) < 0)
		return -1;
	mount.source = xstrdup_null(colon ? colon + 1 : NULL);
	mount.target = TAKE_PTR(target);
	add(mounts, &mount);
	return 0;
}

int
job_mounts_parse(struct job_mounts *mounts, const struct strings *volumes,
		 const struct strings *tmpfs, struct error **err)
{
	for (size_t i = 0; volumes && i < volumes->count; i++)
		if (job_mounts_add_volume(mounts, volumes->items[i], err) < 0)
			return -1;
	for (size_t i = 0; tmpfs && i < tmpfs->count; i++)
		if (job_mounts_add_tmpfs(mounts, tmpfs->items[i], err) < 0)
			return -1;
	return 0;
}

void
job_mounts_add_file(struct job_mounts *mounts, const char *source, const char *target)
{
	struct job_mount mount = {
		.kind = MOUNT_BIND,
		.source = xstrdup(source),
		.target = xstrdup(target),
		.lock_fd = -1,
		.tree_fd = -1,
	};

	add(mounts, &mount);
}

void
job_mounts_release(struct job_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		free(mounts->items[i].source);
		free(mounts->items[i].target);
		close_at(&mounts->items[i].lock_fd);
		close_at(&mounts->items[i].tree_fd);
	}
	free(mounts->items);
	*mounts = (struct job_mounts){ NULL, 0 };
}
