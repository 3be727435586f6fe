/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/kept_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest.h"
#include "run/root/volumes.h"
#include "sandbox/id_map.h"

#define IMAGE "image"
#define FLAT " flat\n"
#define OVERLAY " overlay\n"

static int
fail(const struct kept_root *kept, const char *doing, struct error **err)
{
	return error_set_path(err, errno, doing, kept->path);
}

static int
write_image(const struct kept_root *kept, struct error **err)
{
	AUTO_FREE char *text = xasprintf("%s%s", kept->of, kept->is_flat ? FLAT : OVERLAY);
	AUTO_CLOSE int fd = openat(kept->fd, IMAGE,
				   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? fail(kept, "note the image of", err)
		      : fd_write_all(fd, text, strlen(text), IMAGE, err);
}

/* *ret_text NULL: nothing was kept yet, or a full disk truncated the line. */
static int
read_image(const struct kept_root *kept, char **ret_text, struct error **err)
{
	AUTO_CLOSE int fd = openat(kept->fd, IMAGE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_BUF struct buf text = BUF_INIT(KEPT_ROOT_IMAGE_LIMIT_BYTES);

	*ret_text = NULL;
	if (fd < 0)
		return errno == ENOENT ? 0 : fail(kept, "read the image of", err);
	if (fd_read_all(fd, &text, IMAGE, err) < 0)
		return -1;
	if (text.size > 0 && text.data[text.size - 1] == '\n')
		*ret_text = buf_take(&text);
	return 0;
}

/* A volume of that folder, whose path is that of "upper" here. */
static int
open_folder(struct store *store, const char *name, struct kept_root *kept, struct error **err)
{
	struct volume volume;

	if (volume_open(store, STORE_KEPT_ROOTS, name, &volume, err) < 0)
		return -1;
	kept->path = xasprintf("%s/upper", volume.path);
	kept->fd = volume.lock_fd;
	kept->is_new = volume.is_new;
	free(volume.path);
	return 0;
}

static int
begin(struct kept_root *kept, struct error **err)
{
	if (fchmod(kept->fd, 0700) < 0 || mkdirat(kept->fd, "upper", 0700) < 0)
		return fail(kept, "make", err);
	return write_image(kept, err);
}

static int
open_named(struct store *store, const char *name, struct kept_root *kept, struct error **err)
{
	AUTO_FREE char *text = NULL;
	bool found = false;

	if (open_folder(store, name, kept, err) < 0)
		return -1;
	if (kept->is_new)
		return begin(kept, err);
	if (read_image(kept, &text, err) < 0)
		return -1;
	if (text) {
		AUTO_FREE char *image = xstrndup(text, strcspn(text, " \n"));
		size_t size = strlen(kept->of);

		kept->is_flat =
			strncmp(text, kept->of, size) == 0 && strcmp(text + size, FLAT) == 0;
		if (kept->is_flat ||
		    (strncmp(text, kept->of, size) == 0 && strcmp(text + size, OVERLAY) == 0))
			return 0;
		if (text_starts(kept->of, image))
			error_set(err, ERROR_USAGE,
				  "the files of root '%s' have owners that this run "
				  "does not map",
				  name);
		else
			error_set(err, ERROR_USAGE, "root '%s' is of image %s, not of %.*s", name,
				  QUOTED(image), (int)strcspn(kept->of, " "), kept->of);
		return error_set_hint(
			err, "use another name, or remove it: ocifp store rm --root %s", name);
	}
	/* A run was killed while it was made. */
	free(kept->path);
	kept->path = NULL;
	(void)close(TAKE_FD(kept->fd));
	if (volume_remove(store, STORE_KEPT_ROOTS, name, &found, err) < 0 ||
	    open_folder(store, name, kept, err) < 0)
		return -1;
	kept->is_new = true;
	return begin(kept, err);
}

int
kept_root_open(struct store *store, const char *name, const struct digest *manifest,
	       const struct id_map *map, struct kept_root *ret_kept, struct error **err)
{
	struct kept_root kept = KEPT_ROOT_INIT;
	struct digest_text digest = digest_text(manifest);

	if (!volume_is_name(name)) {
		error_set(err, ERROR_USAGE,
			  "invalid name '%s' of a root: expected letters, "
			  "digits, '_', '.' and '-'",
			  QUOTED(name));
		return -1;
	}
	kept.of = xasprintf("%s %s", digest.text, id_map_name(map).text);
	if (open_named(store, name, &kept, err) < 0) {
		kept_root_release(&kept);
		return -1;
	}
	*ret_kept = kept;
	return 0;
}

int
kept_root_begin_copy(struct kept_root *kept, struct error **err)
{
	return unlinkat(kept->fd, IMAGE, 0) < 0 ? fail(kept, "change", err) : 0;
}

int
kept_root_end_copy(struct kept_root *kept, struct error **err)
{
	kept->is_flat = true;
	return write_image(kept, err);
}

void
kept_root_release(struct kept_root *kept)
{
	free(kept->path);
	free(kept->of);
	close_at(&kept->fd);
	*kept = KEPT_ROOT_INIT;
}
