/* SPDX-License-Identifier: Apache-2.0 */
/* In a file of its own, because the fuzzer of archives reads the tar in its own process. */
#include "archive/members.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/error.h"
#include "layer/listed.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"

struct scan {
	struct helper *helper;
	uint64_t file_bytes;
	struct members members;
};

static int
take_all(struct scan *scan, struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
	bool last = false;

	for (;;) {
		struct listed listed;

		if (helper_receive(scan->helper, &message, &last, err) < 0)
			return -1;
		if (last)
			return members_sort(&scan->members, err);
		if (listed_get(&message, &listed, err) < 0)
			return -1;
		if (members_take_listed(&scan->members, &listed, scan->file_bytes, err) < 0)
			return -1;
	}
}

static int
scan_file(struct scan *scan, int fd, struct error **err)
{
	AUTO_MESSAGE struct message request;
	AUTO_HELPER struct helper *helper = NULL;
	struct helper_start start = {
		.verb = "list",
		.fds = &fd,
		.fd_count = 1,
		.request = &request,
	};

	helper_request_init(&request);
	helper = helper_start(&start, err);
	if (!helper)
		return -1;
	scan->helper = helper;
	return take_all(scan, err);
}

int
members_scan(int fd, struct members *ret_members, struct error **err)
{
	struct scan scan = { 0 };
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "cannot read it");
	scan.file_bytes = (uint64_t)status.st_size;
	if (scan_file(&scan, fd, err) < 0) {
		members_release(&scan.members);
		return -1;
	}
	*ret_members = scan.members;
	return 0;
}
