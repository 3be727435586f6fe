#include "cli/output/progress_format.h"

#include <string.h>
#include <sys/ioctl.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/output/json.h"
#include "cli/output/line.h"
#include "cli/output/progress.h"

enum { DEFAULT_COLUMNS = 80, MOST_COLUMNS = 200 };

static char *
format_rate(uint64_t bytes, int64_t elapsed_ms)
{
	AUTO_FREE char *rate = NULL;

	if (elapsed_ms <= 0)
		return xstrdup("");
	rate = text_bytes((uint64_t)((double)bytes * 1000 / (double)elapsed_ms));
	return xasprintf(", %s/s", rate);
}

static char *
format_retries(const struct progress_counts *counts)
{
	if (counts->retries == 0)
		return xstrdup("");
	return xasprintf(", %llu %s", (unsigned long long)counts->retries,
			 counts->retries == 1 ? "retry" : "retries");
}

/* "1.2 GB packed, 50.0 MB/s" */
static char *
format_packing(const struct progress_counts *counts, int64_t now_ms)
{
	AUTO_FREE char *packed = text_bytes(counts->packed_bytes);
	AUTO_FREE char *rate = format_rate(counts->packed_bytes, now_ms - counts->started_ms);

	return xasprintf("%s packed%s", packed, rate);
}

/* "1.2 MB of 8.0 MB, 3 of 7 blobs, 5.0 MB/s, 1 retry" */
static char *
format_moving(const struct progress_counts *counts, int64_t now_ms)
{
	AUTO_FREE char *moved = text_bytes(counts->moved_bytes);
	AUTO_FREE char *planned = text_bytes(counts->planned_bytes);
	AUTO_FREE char *rate = format_rate(counts->moved_bytes, now_ms - counts->moving_ms);
	AUTO_FREE char *retries = format_retries(counts);

	return xasprintf("%s of %s, %u of %u blobs%s%s", moved, planned, counts->finished_blobs,
			 counts->planned_blobs, rate, retries);
}

/* What is new is packed before anything moves. */
static char *
format_state(const struct progress_counts *counts, int64_t now_ms)
{
	return counts->packed_bytes > 0 && counts->planned_blobs == 0
		       ? format_packing(counts, now_ms)
		       : format_moving(counts, now_ms);
}

static size_t
terminal_columns(int fd)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return DEFAULT_COLUMNS;
	return size.ws_col < MOST_COLUMNS ? size.ws_col : MOST_COLUMNS;
}

char *
progress_format_bar(const struct progress_counts *counts, int64_t now_ms, int fd)
{
	AUTO_FREE char *state = format_state(counts, now_ms);
	AUTO_FREE char *line = xasprintf("ocifp: %s", state);
	size_t columns = terminal_columns(fd);

	/* In its last column a terminal may already wrap. */
	if (strlen(line) >= columns)
		line[columns - 1] = '\0';
	return xasprintf("\r\033[K%s", line);
}

char *
progress_format_plain(const struct progress_counts *counts, int64_t now_ms)
{
	AUTO_FREE char *state = format_state(counts, now_ms);

	return xasprintf("ocifp: %s\n", state);
}

char *
progress_format_json(const struct progress_counts *counts, int64_t now_ms)
{
	json_t *object = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:I}", "event", "progress",
		"packed_bytes", (json_int_t)counts->packed_bytes, "moved_bytes",
		(json_int_t)counts->moved_bytes, "planned_bytes", (json_int_t)counts->planned_bytes,
		"reused_bytes", (json_int_t)counts->reused_bytes, "finished_blobs",
		(int)counts->finished_blobs, "planned_blobs", (int)counts->planned_blobs, "retries",
		(json_int_t)counts->retries, "elapsed_ms",
		(json_int_t)(now_ms - counts->started_ms));

	return json_take_line(object);
}

char *
progress_format_event(const char *event, const char *text)
{
	AUTO_FREE char *clean = line_clean(text);

	return json_take_line(json_pack("{s:s, s:s}", "event", event, "text", clean));
}
