/* SPDX-License-Identifier: Apache-2.0 */
#include "store/uses.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/state.h"
#include "store/store.h"

#define STORE_USED STORE_FOLDER "/used"

enum { TIME_CHARS = 24 };

static struct digest_text
mark_of(const char *name)
{
	struct digest digest = digest_of(DIGEST_SHA256, name, strlen(name));

	return digest_hex(&digest);
}

static int
open_mark(const struct store *store, const char *name, int flags)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_CLOSE int folder_fd = -1;

	if (!store->is_own)
		return -1;
	if (!(flags & O_CREAT))
		folder_fd = folder_try(store, STORE_USED);
	else if (store_is_writable(store))
		folder_fd = folder_make(store, STORE_USED, &ignored);
	if (folder_fd < 0)
		return -1;
	return openat(folder_fd, mark_of(name).text, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		      0600);
}

void
use_note(const struct store *store, const char *name)
{
	AUTO_CLOSE int fd = open_mark(store, name, O_WRONLY | O_CREAT);

	if (fd >= 0)
		(void)futimens(fd, NULL);
}

void
use_begin(const struct store *store, const char *name)
{
	AUTO_CLOSE int fd = open_mark(store, name, O_WRONLY | O_CREAT | O_TRUNC);
	AUTO_FREE char *text = xasprintf("%" PRId64 "\n", (int64_t)time(NULL));
	AUTO_ERROR struct error *ignored = NULL;

	if (fd >= 0)
		(void)fd_write_all(fd, text, strlen(text), name, &ignored);
}

struct use
use_find(const struct store *store, const char *name)
{
	AUTO_CLOSE int fd = open_mark(store, name, O_RDONLY);
	char text[TIME_CHARS] = "";
	struct stat status;
	struct use use = { 0 };
	uint64_t since_s = 0;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return use;
	use.last_s = status.st_mtime;
	if (read(fd, text, sizeof(text) - 1) > 0) {
		text[strcspn(text, "\n")] = '\0';
		if (text_parse_uint(text, INT64_MAX, &since_s))
			use.since_s = (int64_t)since_s;
	}
	return use;
}

void
use_forget(const struct store *store, const char *name)
{
	AUTO_CLOSE int folder_fd = store->is_own ? folder_try(store, STORE_USED) : -1;

	if (folder_fd >= 0)
		(void)unlinkat(folder_fd, mark_of(name).text, 0);
}
