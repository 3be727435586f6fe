/* SPDX-License-Identifier: Apache-2.0 */
/* A tar is opened, and all that it names is read.  What lists it is called and not asked: a helper
 * for each input would leave time for few; fuzz_message has what lies between. */
#include <fcntl.h>
#include <sys/mman.h>

#include "archive/archive.h"
#include "archive/members.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "fuzz.h"
#include "layer/listed.h"

struct scan {
	struct members members;
	uint64_t file_bytes;
};

static int
take(void *context, const struct listed *listed, struct error **err)
{
	struct scan *scan = context;

	return members_take_listed(&scan->members, listed, scan->file_bytes, err);
}

int __wrap_members_scan(int fd, struct members *ret_members, struct error **err);

/* In the place of members_scan(), which asks a helper. */
int
__wrap_members_scan(int fd, struct members *ret_members, struct error **err)
{
	struct scan scan = { .file_bytes = (uint64_t)lseek(fd, 0, SEEK_END) };

	if (list_tar(fd, take, &scan, err) == 0 && members_sort(&scan.members, err) == 0) {
		*ret_members = scan.members;
		return 0;
	}
	members_release(&scan.members);
	return -1;
}

static void
read_one(const struct archive_image *archive, const struct digest *digest)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	struct digest actual;
	bool found = false;

	if (archive_read(archive, digest, &buf, &found, &err) < 0)
		INSIST(IS_REFUSED(err));
	if (err || !found)
		return;
	actual = digest_of(digest->algorithm, buf.data ? buf.data : "", buf.size);
	INSIST(digest_equal(&actual, digest));
}

static void
read_all(const struct archive_image *archive)
{
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	AUTO_ERROR struct error *err = NULL;

	INSIST(archive_list_references(archive, &references, &err) == 0);
	for (size_t i = 0; i < references.count; i++)
		read_one(archive, &references.items[i].digest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CLOSE int fd = memfd_create("archive", MFD_CLOEXEC);
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d", fd);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_ERROR struct error *err = NULL;

	INSIST(fd >= 0 && fd_write_all(fd, data, size, "memory", &err) == 0);
	archive = archive_open(path, &err);
	if (archive)
		read_all(archive);
	else
		INSIST(IS_REFUSED(err));
	return 0;
}
