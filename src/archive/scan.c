#include "archive/members.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/member_name.h"
#include "base/error.h"
#include "base/limits.h"
#include "layer/listed.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"

struct scan {
	struct helper *helper;
	uint64_t file_bytes;
	struct members members;
};

/* The helper has checked this; but it may have been taken over by what it read. */
static int
check_listed(const struct scan *scan, const struct listed *listed, struct error **err)
{
	if (listed->offset_bytes <= scan->file_bytes &&
	    listed->size_bytes <= scan->file_bytes - listed->offset_bytes &&
	    strlen(listed->path) <= ARCHIVE_NAME_LIMIT_BYTES &&
	    strlen(listed->link) <= ARCHIVE_NAME_LIMIT_BYTES)
		return 0;
	return error_set(err, ERROR_FAILURE, "the confined helper listed what cannot be");
}

static int
check_count(const struct scan *scan, struct error **err)
{
	if (scan->members.count < ARCHIVE_MEMBERS_LIMIT_COUNT)
		return 0;
	error_set(err, ERROR_CONTENT, "it has more than %d members", ARCHIVE_MEMBERS_LIMIT_COUNT);
	return error_set_class(err, "limit");
}

static void
fill(struct member *member, const struct listed *listed)
{
	member->is_link = listed->kind != LISTED_FILE;
	member->offset_bytes = listed->offset_bytes;
	member->size_bytes = listed->size_bytes;
	if (listed->kind == LISTED_HARD_LINK)
		member->link = member_name(listed->link);
	else if (listed->kind == LISTED_SYMBOLIC_LINK && *listed->link)
		member->link = member_name_follow(member->name, listed->link);
}

static int
take_listed(struct scan *scan, struct message *item, struct error **err)
{
	struct listed listed;
	struct member member = { 0 };

	if (listed_get(item, &listed, err) < 0 || check_listed(scan, &listed, err) < 0 ||
	    check_count(scan, err) < 0)
		return -1;
	member.name = member_name(listed.path);
	if (!member.name)
		return 0;
	fill(&member, &listed);
	members_add(&scan->members, &member);
	return 0;
}

static int
take_all(struct scan *scan, struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
	bool last = false;

	for (;;) {
		if (helper_receive(scan->helper, &message, &last, err) < 0)
			return -1;
		if (last)
			return members_sort(&scan->members, err);
		if (take_listed(scan, &message, err) < 0)
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
