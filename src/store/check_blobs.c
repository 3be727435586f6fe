#include "store/check.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/state.h"

static int
hash_file(struct check *check, int fd, enum digest_algorithm algorithm, struct digest *ret_digest,
	  struct error **err)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(algorithm);
	AUTO_FREE char *bytes = xcalloc(1, TRANSFER_BUFFER_BYTES);
	ssize_t got;

	while ((got = read(fd, bytes, TRANSFER_BUFFER_BYTES)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot be read");
		hasher_add(hasher, bytes, (size_t)got);
		check->result.checked_bytes += (uint64_t)got;
	}
	*ret_digest = hasher_finish(hasher);
	return 0;
}

/* What others may write to is no proof of anything after this check. */
static int
check_mode(struct check *check, int fd, const char *path, struct error **err)
{
	struct stat status;

	if (!check->store->is_own || fstat(fd, &status) < 0 ||
	    !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	check_note(&check->result.problems, path, "other users may write to it");
	if (!check->repair)
		return 0;
	if (fchmod(fd, 0400) < 0)
		return folder_fail(check->store, errno, "change the mode of", path, err);
	check_note(&check->result.repaired, path, "mode set to 0400");
	return 0;
}

static int
check_content(struct check *check, int fd, const char *path, const struct digest *digest,
	      struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	struct digest actual;

	if (hash_file(check, fd, digest->algorithm, &actual, &failure) < 0)
		return check_report(check, path, error_text(failure), err);
	if (!digest_equal(&actual, digest))
		return check_report(check, path, "content does not match", err);
	return check_mode(check, fd, path, err);
}

static int
check_file(struct check *check, enum digest_algorithm algorithm, const char *folder,
	   const char *name, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_ERROR struct error *failure = NULL;
	AUTO_CLOSE int fd = -1;
	struct digest digest;

	check->result.checked_count++;
	if (!blob_parse_name(algorithm, name, &digest))
		return check_report(check, path, "its name is no digest", err);
	if (folder_find_file(check->store, path, &fd, &failure) < 0)
		return check_report(check, path, "is no regular file", err);
	return fd < 0 ? 0 : check_content(check, fd, path, &digest, err);
}

int
check_blobs(struct check *check, enum digest_algorithm algorithm, struct error **err)
{
	AUTO_FREE char *folder = blob_folder(algorithm);
	AUTO_STRINGS struct strings names = { 0 };

	if (folder_list(check->store, folder, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (check_file(check, algorithm, folder, names.items[i], err) < 0)
			return -1;
	return 0;
}
