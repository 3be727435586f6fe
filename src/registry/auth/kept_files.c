#include "registry/auth/kept_files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"

struct kept_files
kept_files_at(const char *path)
{
	return (struct kept_files){ .path = xstrdup(path), .dir_fd = -1 };
}

void
kept_files_release(struct kept_files *files)
{
	if (files->dir_fd >= 0)
		(void)close(files->dir_fd);
	files->dir_fd = -1;
	free(TAKE_PTR(files->path));
}

/* Whoever else could write here could make us send a token of his choice. */
static bool
is_ours_alone(int dir_fd)
{
	struct stat status;

	return fstat(dir_fd, &status) == 0 && status.st_uid == geteuid() &&
	       !(status.st_mode & (S_IRWXG | S_IRWXO));
}

static bool
open_directory(struct kept_files *files)
{
	AUTO_CLOSE int dir_fd = -1;

	if (files->dir_fd >= 0)
		return true;
	dir_fd = dir_open_at(AT_FDCWD, files->path);
	if (dir_fd < 0 || !is_ours_alone(dir_fd))
		return false;
	files->dir_fd = TAKE_FD(dir_fd);
	return true;
}

static bool
make_directory(struct kept_files *files)
{
	AUTO_ERROR struct error *trouble = NULL;

	if (open_directory(files))
		return true;
	return dir_make(files->path, 0700, &trouble) == 0 && open_directory(files);
}

json_t *
kept_files_read(struct kept_files *files, const char *name)
{
	AUTO_SECRET_BUF struct buf bytes = BUF_INIT(TOKEN_LIMIT_BYTES);
	AUTO_ERROR struct error *trouble = NULL;
	bool found = false;

	if (!open_directory(files))
		return NULL;
	if (file_find(files->dir_fd, name, &bytes, &found, &trouble) < 0 || !found)
		return NULL;
	return document_parse(bytes.data, bytes.size, &trouble);
}

static bool
is_old(struct kept_files *files, const char *name, time_t limit)
{
	struct stat status;

	return fstatat(files->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_mtime <= limit;
}

void
kept_files_sweep(struct kept_files *files, const char *suffix, time_t limit)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (!open_directory(files) || dir_names(files->dir_fd, SIZE_MAX, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (text_ends(names.items[i], suffix) && is_old(files, names.items[i], limit))
			(void)unlinkat(files->dir_fd, names.items[i], 0);
}

void
kept_files_write(struct kept_files *files, const char *name, json_t *entry)
{
	AUTO_JSON json_t *owned = entry;
	AUTO_SECRET char *text = json_dumps(owned, JSON_COMPACT);
	AUTO_ERROR struct error *trouble = NULL;

	if (!text || strlen(text) > TOKEN_LIMIT_BYTES || !make_directory(files))
		return;
	(void)file_replace(files->dir_fd, name, 0600, text, strlen(text), &trouble);
}

void
kept_files_remove(struct kept_files *files, const char *name)
{
	if (open_directory(files))
		(void)unlinkat(files->dir_fd, name, 0);
}
