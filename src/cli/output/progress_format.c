/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/progress_format.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/output/activity.h"
#include "cli/output/json.h"
#include "cli/output/line.h"
#include "cli/output/page.h"
#include "cli/output/progress.h"
#include "cli/output/terminal.h"

static const char *const verbs[] = {
	[PHASE_DOWNLOAD] = "download",
	[PHASE_UPLOAD] = "upload",
	[PHASE_COPY] = "copy",
};

static const char *const past_verbs[] = {
	[PHASE_DOWNLOAD] = "downloaded",
	[PHASE_UPLOAD] = "uploaded",
	[PHASE_COPY] = "copied",
};

enum { MOMENT_MS = 100 };

static const char *
plural(unsigned count)
{
	return count == 1 ? "" : "s";
}

static unsigned
percent(const struct work *work)
{
	if (work->total_bytes == 0)
		return work->done_count == work->total_count ? 100 : 0;
	return (unsigned)((double)work->done_bytes * 100 / (double)work->total_bytes);
}

/* " in 4.2 s, 86.4 MB/s"; nothing for a short time. */
static void
add_time(struct page *page, uint64_t bytes, int64_t elapsed_ms)
{
	AUTO_FREE char *time = NULL;
	AUTO_FREE char *rate = NULL;

	if (elapsed_ms < MOMENT_MS)
		return;
	time = text_time(elapsed_ms);
	rate = text_bytes((uint64_t)((double)bytes * 1000 / (double)elapsed_ms));
	page_add(page, " in %s, %s/s", time, rate);
}

/* "downloading 45 %: 163.2 MB of 362.8 MB, 3 of 7 blobs, 90.1 MB/s, 3 s left" */
static char *
format_moving(struct activity *activity, int64_t now_ms)
{
	struct work work = activity_moving(activity);
	uint64_t rate = activity_rate(activity, now_ms);
	AUTO_FREE char *done = text_bytes(work.done_bytes);
	AUTO_FREE char *total = text_bytes(work.total_bytes);
	AUTO_PAGE struct page page = { 0 };

	page_add(&page, "%sing %u %%: %s of %s, %u of %u blob%s", verbs[activity->phase],
		 percent(&work), done, total, work.done_count, work.total_count,
		 plural(work.total_count));
	if (rate > 0) {
		AUTO_FREE char *shown = text_bytes(rate);
		uint64_t left_bytes = work.total_bytes - work.done_bytes;
		int64_t s = (int64_t)(left_bytes / rate) + 1;

		/* Whole seconds, because it is an estimate. */
		AUTO_FREE char *left =
			s < 10 ? xasprintf("%lld s", (long long)s) : text_time(s * 1000);

		page_add(&page, ", %s/s, %s left", shown, left);
	}
	return page_take(&page);
}

/* "downloaded 7 blobs, 362.8 MB in 4.2 s, 86.4 MB/s, 2 reused"; "2 of 7 blobs, 1 MB of 3 MB" for an
 * interrupted transfer. */
static char *
format_moved(const struct activity *activity, int64_t now_ms)
{
	struct work work = activity_moving(activity);
	bool is_whole = work.done_count == work.total_count;
	int64_t elapsed_ms = (is_whole ? work.last_ms : now_ms) - work.begun_ms;
	AUTO_FREE char *done = text_bytes(work.done_bytes);
	AUTO_FREE char *total = text_bytes(work.total_bytes);
	AUTO_PAGE struct page page = { 0 };

	page_add(&page, "%s ", past_verbs[activity->phase]);
	if (is_whole)
		page_add(&page, "%u blob%s, %s", work.total_count, plural(work.total_count), total);
	else
		page_add(&page, "%u of %u blob%s, %s of %s", work.done_count, work.total_count,
			 plural(work.total_count), done, total);
	add_time(&page, work.fresh_bytes, elapsed_ms);
	if (activity->reused_count > 0)
		page_add(&page, ", %u reused", activity->reused_count);
	return page_take(&page);
}

static char *
format_packing(const struct activity *activity, int64_t now_ms, bool is_over)
{
	const struct work *work = &activity->packing;
	int64_t elapsed_ms = (is_over ? work->last_ms : now_ms) - work->begun_ms;
	AUTO_FREE char *done = text_bytes(work->done_bytes);
	AUTO_PAGE struct page page = { 0 };

	page_add(&page, "%s %s", is_over ? "packed" : "packing:", done);
	add_time(&page, work->done_bytes, elapsed_ms);
	return page_take(&page);
}

static char *
format_unpacking(const struct activity *activity, int64_t now_ms)
{
	const struct work *work = &activity->unpacking;
	bool is_whole = work->done_count == work->total_count;
	int64_t elapsed_ms = (is_whole ? work->last_ms : now_ms) - work->begun_ms;
	AUTO_FREE char *done = text_bytes(work->done_bytes);
	AUTO_FREE char *total = text_bytes(work->total_bytes);
	AUTO_FREE char *time = text_time(elapsed_ms);

	if (is_whole)
		return xasprintf("unpacked %u layer%s, %s%s%s", work->total_count,
				 plural(work->total_count), total,
				 elapsed_ms < MOMENT_MS ? "" : " in ",
				 elapsed_ms < MOMENT_MS ? "" : time);
	return xasprintf("unpacking %u %%: %u of %u layer%s, %s of %s", percent(work),
			 work->done_count, work->total_count, plural(work->total_count), done,
			 total);
}

static char *
format_wait(const struct activity *activity, int64_t now_ms)
{
	AUTO_FREE char *time = NULL;

	if (activity->next_request_ms > now_ms) {
		time = text_time(activity->next_request_ms - now_ms);
		return xasprintf("waiting %s before the next request", time);
	}
	time = text_time(now_ms - activity->waiting_since_ms);
	return xasprintf("waiting %s, %s so far", activity->waited_for, time);
}

static char *
format_build(const struct activity *activity)
{
	AUTO_FREE char *time = text_time(activity->build_ended_ms - activity->build_begun_ms);

	return xasprintf("the build took %s", time);
}

static bool
is_moving(const struct activity *activity)
{
	struct work work = activity_moving(activity);

	return work.begun_ms > 0 && work.done_count < work.total_count;
}

static bool
is_unpacking(const struct activity *activity)
{
	return activity->unpacking.done_count < activity->unpacking.total_count;
}

char *
progress_format_status(struct activity *activity, int64_t now_ms)
{
	if (activity_is_waiting(activity, now_ms))
		return format_wait(activity, now_ms);
	if (is_moving(activity))
		return format_moving(activity, now_ms);
	if (is_unpacking(activity))
		return format_unpacking(activity, now_ms);
	if (activity->packing.done_bytes > 0 && activity_moving(activity).total_count == 0)
		return format_packing(activity, now_ms, false);
	return NULL;
}

void
progress_format_phases(const struct activity *activity, int64_t now_ms, struct strings *ret_lines)
{
	if (activity->build_ended_ms > 0)
		strings_take(ret_lines, format_build(activity));
	if (activity->packing.done_bytes > 0)
		strings_take(ret_lines, format_packing(activity, now_ms, true));
	if (activity_moving(activity).begun_ms > 0)
		strings_take(ret_lines, format_moved(activity, now_ms));
	if (activity->unpacking.total_count > 0)
		strings_take(ret_lines, format_unpacking(activity, now_ms));
}

/* The running ones, in their words. */
static void
add_phases(struct activity *activity, int64_t now_ms, const struct screen_size *size,
	   struct strings *lines)
{
	bool moves = is_moving(activity);

	if (activity->build_ended_ms > 0)
		strings_take(lines, format_build(activity));
	if (activity->packing.done_bytes > 0)
		strings_take(lines, format_packing(activity, now_ms,
						   activity_moving(activity).begun_ms > 0));
	if (moves)
		strings_take(lines, format_moving(activity, now_ms));
	else if (activity_moving(activity).begun_ms > 0)
		strings_take(lines, format_moved(activity, now_ms));
	if (activity->unpacking.total_count > 0)
		strings_take(lines, format_unpacking(activity, now_ms));
	if (activity_is_waiting(activity, now_ms)) {
		AUTO_FREE char *wait = format_wait(activity, now_ms);

		strings_take(lines, terminal_coloured(wait, COLOUR_YELLOW, size->has_colour));
	}
}

enum {
	NAME_CHARS = 12,
	SIZE_CHARS = 20,
	RATE_CHARS = 12,
	BAR_CHARS_LIMIT = 50,
	BAR_CHARS_LEAST = 8
};

/* "[=====>    ]", or nothing on a narrow screen. */
static char *
format_bar(const struct blob_row *blob, const struct screen_size *size)
{
	size_t others = 2 + NAME_CHARS + 1 + 2 + 1 + SIZE_CHARS + RATE_CHARS + 1;
	size_t width = size->columns > others ? size->columns - others : 0;
	size_t filled;
	AUTO_FREE char *bar = NULL;

	if (width < BAR_CHARS_LEAST)
		return xstrdup("");
	width = width < BAR_CHARS_LIMIT ? width : BAR_CHARS_LIMIT;
	filled = blob->size_bytes ? (size_t)((double)blob->at_bytes * (double)width /
					     (double)blob->size_bytes)
				  : width;
	bar = xcalloc(1, width + 3);
	memset(bar, ' ', width + 2);
	memset(bar + 1, '=', filled);
	if (filled < width)
		bar[1 + filled] = '>';
	bar[0] = '[';
	bar[width + 1] = ']';
	return TAKE_PTR(bar);
}

enum { RATE_KNOWN_AFTER_MS = 250 };

static char *
format_blob_rate(const struct blob_row *blob, int64_t now_ms)
{
	int64_t elapsed_ms = (blob->state == BLOB_DONE ? blob->ended_ms : now_ms) - blob->begun_ms;
	AUTO_FREE char *rate = NULL;

	if (elapsed_ms <= 0 || (blob->state != BLOB_DONE && elapsed_ms < RATE_KNOWN_AFTER_MS))
		return xstrdup("");
	rate = text_bytes((uint64_t)((double)(blob->at_bytes - blob->resumed_bytes) * 1000 /
				     (double)elapsed_ms));
	return xasprintf("%s/s", rate);
}

/* "  0a1b2c3d4e5f [=====>    ]  163.2 MB of 362.8 MB   90.1 MB/s" */
static char *
format_blob(const struct blob_row *blob, int64_t now_ms, const struct screen_size *size)
{
	bool is_done = blob->state == BLOB_DONE;
	const char *hex = strchr(blob->digest, ':');
	AUTO_FREE char *bar = format_bar(blob, size);
	AUTO_FREE char *shown_bar = terminal_coloured(bar, is_done ? COLOUR_GREEN : COLOUR_CYAN,
						      size->has_colour && *bar);
	AUTO_FREE char *done = text_bytes(blob->at_bytes);
	AUTO_FREE char *total = text_bytes(blob->size_bytes);
	AUTO_FREE char *amount = is_done ? xstrdup(total) : xasprintf("%s of %s", done, total);
	AUTO_FREE char *rate = format_blob_rate(blob, now_ms);

	return xasprintf("  %.*s %s%s%*s%*s", NAME_CHARS, hex ? hex + 1 : blob->digest, shown_bar,
			 *bar ? " " : "", SIZE_CHARS, amount, RATE_CHARS, rate);
}

static bool
is_shown(const struct blob_row *blob)
{
	return blob->state == BLOB_MOVES || blob->state == BLOB_DONE;
}

/* If not all fit: those in transfer, and the last finished ones. */
static void
add_blobs(const struct activity *activity, int64_t now_ms, const struct screen_size *size,
	  size_t most, struct strings *lines)
{
	size_t left_out = 0;

	for (size_t i = 0; i < activity->blob_count; i++)
		left_out += is_shown(&activity->blobs[i]);
	left_out = left_out > most ? left_out - most : 0;
	for (size_t i = 0; i < activity->blob_count && lines->count < most; i++) {
		const struct blob_row *blob = &activity->blobs[i];

		if (!is_shown(blob))
			continue;
		if (left_out > 0 && blob->state == BLOB_DONE)
			left_out--;
		else
			strings_take(lines, format_blob(blob, now_ms, size));
	}
}

/* A terminal may wrap in its last column.  Escape sequences have no width. */
static char *
cut(const char *line, size_t columns)
{
	size_t width = 0;
	size_t at = 0;

	while (line[at] && (line[at] == '\033' || width + 1 < columns)) {
		bool is_escape = line[at] == '\033';

		at += is_escape ? strcspn(line + at, "m") + 1 : 1;
		width += !is_escape;
	}
	return xasprintf("%.*s%s", (int)at, line,
			 line[at] && strchr(line, '\033') ? "\033[0m" : "");
}

void
progress_format_screen(struct activity *activity, int64_t now_ms, const struct screen_size *size,
		       bool with_blobs, bool is_over, struct strings *ret_lines)
{
	AUTO_STRINGS struct strings phases = { 0 };
	AUTO_STRINGS struct strings lines = { 0 };
	size_t most = size->rows > 1 ? size->rows - 1 : 1;

	if (is_over)
		progress_format_phases(activity, now_ms, &phases);
	else
		add_phases(activity, now_ms, size, &phases);
	if (with_blobs && phases.count < most)
		add_blobs(activity, now_ms, size, most - phases.count, &lines);
	for (size_t i = 0; i < phases.count && lines.count < most; i++)
		strings_add(&lines, phases.items[i]);
	for (size_t i = 0; i < lines.count; i++)
		strings_take(ret_lines, cut(lines.items[i], size->columns));
}

/* The running phase; NULL: none. */
static const char *
name_phase(const struct activity *activity, int64_t now_ms)
{
	if (activity_is_waiting(activity, now_ms))
		return "wait";
	if (activity->build_begun_ms > 0 && activity->build_ended_ms == 0)
		return "build";
	if (is_moving(activity))
		return verbs[activity->phase];
	if (is_unpacking(activity))
		return "unpack";
	return activity->packing.done_bytes > 0 ? "pack" : NULL;
}

char *
progress_format_json(struct activity *activity, const struct progress_counts *counts,
		     int64_t now_ms, const int *status)
{
	struct work moving = activity_moving(activity);
	const struct work *work =
		is_moving(activity) || !is_unpacking(activity) ? &moving : &activity->unpacking;
	json_t *object = json_pack(
		"{s:s, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:I}", "event",
		status ? "end" : "progress", "phase", name_phase(activity, now_ms), "packed_bytes",
		(json_int_t)counts->packed_bytes, "moved_bytes", (json_int_t)counts->moved_bytes,
		"planned_bytes", (json_int_t)counts->planned_bytes, "reused_bytes",
		(json_int_t)counts->reused_bytes, "unpacked_bytes",
		(json_int_t)counts->unpacked_bytes, "layers_bytes",
		(json_int_t)counts->layers_bytes, "finished_blobs", (int)counts->finished_blobs,
		"planned_blobs", (int)counts->planned_blobs, "retries", (json_int_t)counts->retries,
		"elapsed_ms", (json_int_t)(now_ms - counts->started_ms));

	if (status)
		json_object_set_new(object, "status", json_integer(*status));
	else if (work->total_count > 0)
		json_object_set_new(object, "percent", json_integer(percent(work)));
	return json_take_line(object);
}

char *
progress_format_event(const char *event, const char *text)
{
	AUTO_FREE char *clean = line_clean(text);

	return json_take_line(json_pack("{s:s, s:s}", "event", event, "text", clean));
}
