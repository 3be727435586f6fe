#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "sandbox/channel.h"

/* A byte, which a stream needs to carry anything, with room for a descriptor. */
struct parcel {
	char byte;
	struct iovec data;
	struct msghdr header;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr alignment;
	} control;
};

static void
parcel_init(struct parcel *parcel)
{
	*parcel = (struct parcel){ .data = { &parcel->byte, 1 } };
	parcel->header = (struct msghdr){
		.msg_iov = &parcel->data,
		.msg_iovlen = 1,
		.msg_control = parcel->control.bytes,
		.msg_controllen = sizeof(parcel->control.bytes),
	};
}

int
message_send_fd(int fd, int passed_fd, struct error **err)
{
	struct parcel parcel;
	struct cmsghdr *rights;
	ssize_t sent;

	parcel_init(&parcel);
	rights = CMSG_FIRSTHDR(&parcel.header);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &passed_fd, sizeof(int));
	do
		sent = sendmsg(fd, &parcel.header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == 1 ? 0 : error_set_errno(err, errno, "cannot pass a descriptor on");
}

int
message_receive_fd(int fd, struct error **err)
{
	struct parcel parcel;
	const struct cmsghdr *rights;
	int passed_fd = -1;
	ssize_t got;

	parcel_init(&parcel);
	do
		got = recvmsg(fd, &parcel.header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	rights = got == 1 ? CMSG_FIRSTHDR(&parcel.header) : NULL;
	if (!rights || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
	    rights->cmsg_len != CMSG_LEN(sizeof(int)))
		return error_set(err, ERROR_FAILURE, "a descriptor did not come");
	memcpy(&passed_fd, CMSG_DATA(rights), sizeof(int));
	return passed_fd;
}
