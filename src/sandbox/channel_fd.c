/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/compat.h"
#include "base/error.h"
#include "sandbox/channel.h"

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr alignment;
};

int
message_send_fd(int fd, int passed_fd, struct error **err)
{
	union control control = { 0 };
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	ssize_t sent;

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &passed_fd, sizeof(int));
	do
		sent = sendmsg(fd, &header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == 1 ? 0 : error_set_errno(err, errno, "cannot pass a descriptor on");
}

int
message_receive_fd(int fd, struct error **err)
{
	union control control = { 0 };
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *rights;
	int passed_fd = -1;
	ssize_t got;

	do
		got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	rights = got == 1 ? CMSG_FIRSTHDR(&header) : NULL;
	if (!rights || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
	    rights->cmsg_len != CMSG_LEN(sizeof(int)))
		return error_set(err, ERROR_FAILURE, "a descriptor is missing");
	memcpy(&passed_fd, CMSG_DATA(rights), sizeof(int));
	return passed_fd;
}
