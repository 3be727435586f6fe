/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/line.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/xalloc.h"

/* Leaves room for "ocifp: " and a line end. */
enum { TEXT_LIMIT_BYTES = LINE_LIMIT_BYTES - 64 };

static const char cut_mark[] = "...";

/* The number of bytes written to `out`, which has room for 4 for each byte and one more. */
static size_t
clean_character(const char *bytes, size_t size, int last, char *out)
{
	uint32_t code = 0;
	size_t length = utf8_decode(bytes, size, &code);

	if (length > 0 && !text_is_harmful(code)) {
		bool breaks = last == '#' && *bytes == '#';

		*out = '\\';
		memcpy(out + breaks, bytes, length);
		return length + breaks;
	}
	length = length ? length : 1;
	for (size_t i = 0; i < length; i++) {
		out[4 * i] = '\\';
		out[4 * i + 1] = 'x';
		text_hex((const uint8_t *)bytes + i, 1, out + 4 * i + 2);
	}
	return 4 * length;
}

static size_t
character_size(const char *bytes, size_t size)
{
	uint32_t code;
	size_t length = utf8_decode(bytes, size, &code);

	return length ? length : 1;
}

char *
line_clean(const char *text)
{
	AUTO_FREE char *line = xcalloc(1, TEXT_LIMIT_BYTES + sizeof(cut_mark));
	size_t size = strlen(text);
	size_t used = 0;

	for (size_t i = 0; i < size; i += character_size(text + i, size - i)) {
		char piece[4 * 4 + 1];
		int last = used ? line[used - 1] : 0;
		size_t length = clean_character(text + i, size - i, last, piece);

		if (used + length > TEXT_LIMIT_BYTES) {
			memcpy(line + used, cut_mark, sizeof(cut_mark));
			break;
		}
		memcpy(line + used, piece, length);
		used += length;
	}
	return TAKE_PTR(line);
}

static bool
wait_writable(int fd, int64_t deadline_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	for (;;) {
		int count = poll(&ready, 1, deadline_left_ms(deadline_ms, INT32_MAX));

		if (count > 0)
			return ready.revents & POLLOUT;
		if (count == 0 || errno != EINTR)
			return false;
	}
}

bool
line_write(int fd, const char *line, int most_wait_ms)
{
	int64_t deadline_ms = deadline_after_ms(most_wait_ms);
	size_t left = strlen(line);

	while (left > 0) {
		ssize_t written;

		if (!wait_writable(fd, deadline_ms))
			return false;
		written = write(fd, line, left < LINE_LIMIT_BYTES ? left : LINE_LIMIT_BYTES);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (written > 0) {
			line += written;
			left -= (size_t)written;
		}
	}
	return true;
}

void
line_say(const char *text, int most_wait_ms)
{
	AUTO_FREE char *clean = line_clean(text);
	AUTO_FREE char *line = xasprintf("ocifp: %s\n", clean);

	(void)line_write(STDERR_FILENO, line, most_wait_ms);
}
