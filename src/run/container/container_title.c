#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "run/container/container.h"

/* proc(5), /proc/PID/stat: where its words begin and end in memory. */
enum { FIELD_ARG_START = 48, FIELD_ARG_END = 49, FIELD_AFTER_NAME = 3 };

/* The second field, a name in parentheses, may hold anything. */
static char *
find_field(char *stat_line, int number)
{
	char *rest = strrchr(stat_line, ')');

	for (int i = FIELD_AFTER_NAME; rest && i <= number; i++) {
		rest = strchr(rest, ' ');
		if (rest)
			rest++;
	}
	return rest;
}

static uint64_t
read_field(const char *stat_line, int number)
{
	char copy[KIB];
	uint64_t value = 0;
	char *field;

	strncpy(copy, stat_line, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	field = find_field(copy, number);
	if (!field)
		return 0;
	field[strcspn(field, " \n")] = '\0';
	return text_parse_uint(field, UINT64_MAX, &value) ? value : 0;
}

void
container_hide_words(void)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	AUTO_ERROR struct error *unread = NULL;
	uint64_t start;
	uint64_t end;

	if (file_read(AT_FDCWD, "/proc/self/stat", &buf, &unread) < 0 || !buf.data)
		return;
	start = read_field(buf.data, FIELD_ARG_START);
	end = read_field(buf.data, FIELD_ARG_END);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel says where it is */
	if (start && end > start)
		memset((void *)(uintptr_t)start, 0, end - start);
}
