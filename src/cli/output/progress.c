/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/deadline.h"
#include "base/observer.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "cli/output/activity.h"
#include "cli/output/line.h"
#include "cli/output/page.h"
#include "cli/output/progress_format.h"
#include "cli/output/terminal.h"

enum { DEFAULT_COLUMNS = 80, MOST_COLUMNS = 160, DEFAULT_ROWS = 24 };

enum mode { MODE_TTY, MODE_PLAIN, MODE_JSON, MODE_NONE };

static const int64_t interval_ms[] = {
	[MODE_TTY] = 100,
	[MODE_PLAIN] = 10000,
	[MODE_JSON] = 1000,
	[MODE_NONE] = DEADLINE_NEVER,
};

static const int64_t retry_interval_ms = 10000;
static const int notice_wait_ms = 1000;

/* A registry may send a warning with every answer. */
static const size_t notices_limit_count = 40;

struct progress {
	struct observer observer; /* first: see hear() */
	struct progress_options options;
	struct progress_counts counts;
	struct activity activity;
	enum mode mode;
	bool has_colour;
	size_t block_lines; /* number of last lines on the terminal that we rewrite */
	size_t block_columns;
	bool was_drawn;  /* some activity was shown */
	bool is_stalled; /* the reader does not read: do not wait until it does */
	int64_t next_status_ms;
	int64_t next_retry_ms;
	struct strings notices; /* shown so far */
};

static enum mode
choose_mode(const struct progress_options *options)
{
	const char *wanted = options->mode ? options->mode : "auto";

	if (options->quiet || strcmp(wanted, "none") == 0)
		return MODE_NONE;
	if (strcmp(wanted, "json") == 0)
		return MODE_JSON;
	/* Without a terminal lines cannot be rewritten, whatever the option. */
	if (strcmp(wanted, "plain") != 0 && terminal_is_rewritable(options->fd))
		return MODE_TTY;
	return MODE_PLAIN;
}

static bool
try_write(struct progress *progress, const char *line, int most_wait_ms)
{
	int wait_ms = progress->is_stalled ? 0 : most_wait_ms;
	bool is_written = line_write(progress->options.fd, line, wait_ms);

	if (is_written || most_wait_ms > 0)
		progress->is_stalled = !is_written;
	return is_written;
}

static void
write_line(struct progress *progress, const char *line, int most_wait_ms)
{
	/* Moves to the block's first line and clears the block. */
	AUTO_FREE char *erase = progress->block_lines > 0
					? xasprintf("\033[%zuA\r\033[J", progress->block_lines)
					: xstrdup("");
	AUTO_FREE char *whole = xasprintf("%s%s", erase, line);

	if (!try_write(progress, whole, most_wait_ms))
		return;
	/* Prints the erased block again, below the line, at once. */
	if (progress->block_lines > 0)
		progress->next_status_ms = 0;
	progress->block_lines = 0;
}

/* `event` names it for MODE_JSON. */
static void
say(struct progress *progress, const char *event, const char *text, int most_wait_ms)
{
	AUTO_FREE char *clean = line_clean(text);
	AUTO_FREE char *line = progress->mode == MODE_JSON ? progress_format_event(event, text)
							   : xasprintf("ocifp: %s\n", clean);

	write_line(progress, line, most_wait_ms);
}

void
progress_notice(struct progress *progress, const char *text)
{
	struct strings *shown = &progress->notices;

	if (progress->options.quiet || shown->count > notices_limit_count)
		return;
	if (strings_has(shown, text))
		return;
	strings_add(shown, text);
	if (shown->count > notices_limit_count)
		text = "further notices are not shown";
	say(progress, "notice", text, notice_wait_ms);
}

static struct screen_size
find_screen_size(const struct progress *progress)
{
	struct winsize size = { 0 };

	if (ioctl(progress->options.fd, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	return (struct screen_size){
		.columns = size.ws_col == 0             ? DEFAULT_COLUMNS
			   : size.ws_col < MOST_COLUMNS ? size.ws_col
							: MOST_COLUMNS,
		.rows = size.ws_row ? size.ws_row : DEFAULT_ROWS,
		.has_colour = progress->has_colour,
	};
}

static void
draw_block(struct progress *progress, bool is_over, int64_t now_ms)
{
	AUTO_STRINGS struct strings lines = { 0 };
	struct screen_size size = find_screen_size(progress);
	bool with_blobs = !is_over || progress->was_drawn;
	AUTO_FREE char *text = NULL;
	AUTO_PAGE struct page page = { 0 };

	/* If the terminal's width has changed, the old lines were wrapped: leave them. */
	if (size.columns != progress->block_columns)
		progress->block_lines = 0;
	progress->block_columns = size.columns;
	progress_format_screen(&progress->activity, now_ms, &size, with_blobs, is_over, &lines);
	/* Writes each line over the old one, and clears the rest of the old block.  Leaves the
	 * cursor on an empty line below, so that other output starts on its own line. */
	if (progress->block_lines > 0)
		page_add(&page, "\033[%zuA\r", progress->block_lines);
	for (size_t i = 0; i < lines.count; i++)
		page_add(&page, "%s\033[K\n", lines.items[i]);
	if (progress->block_lines > lines.count)
		page_add(&page, "\033[J");
	text = xstrdup(page.text ? page.text : "");
	if (!try_write(progress, text, is_over ? notice_wait_ms : 0))
		return;
	progress->block_lines = lines.count;
	progress->was_drawn = lines.count > 0;
}

static void
show_status(struct progress *progress, int64_t now_ms)
{
	AUTO_FREE char *status = NULL;
	AUTO_FREE char *line = NULL;

	if (progress->mode == MODE_TTY) {
		draw_block(progress, false, now_ms);
		return;
	}
	if (progress->mode == MODE_JSON) {
		line = progress_format_json(&progress->activity, &progress->counts, now_ms, NULL);
	} else {
		status = progress_format_status(&progress->activity, now_ms);
		line = status ? xasprintf("ocifp: %s\n", status) : xstrdup("");
	}
	(void)try_write(progress, line, 0);
}

/* Prints the final lines of finished phases; later ones are reported separately. */
static void
finish_phases(struct progress *progress, int64_t now_ms)
{
	AUTO_STRINGS struct strings lines = { 0 };
	bool is_worth_it = activity_is_worth_telling(&progress->activity);

	if (progress->mode == MODE_TTY && (is_worth_it || progress->block_lines > 0))
		draw_block(progress, true, now_ms);
	if (progress->mode == MODE_PLAIN && is_worth_it)
		progress_format_phases(&progress->activity, now_ms, &lines);
	for (size_t i = 0; i < lines.count; i++) {
		AUTO_FREE char *line = xasprintf("ocifp: %s\n", lines.items[i]);

		(void)try_write(progress, line, notice_wait_ms);
	}
	progress->block_lines = 0;
	progress->was_drawn = false;
	activity_forget(&progress->activity);
}

static void
show_retry(struct progress *progress, const char *text, int64_t now_ms)
{
	AUTO_FREE char *line = NULL;

	if (progress->options.quiet || !text)
		return;
	if (!progress->options.verbose && now_ms < progress->next_retry_ms)
		return;
	progress->next_retry_ms = now_ms + retry_interval_ms;
	line = xasprintf("trying again: %s", text);
	say(progress, "retry", line, 0);
}

static void
count(struct progress_counts *counts, const struct event *event, int64_t now_ms)
{
	switch (event->kind) {
	case EVENT_REQUEST:
		counts->requests++;
		break;
	case EVENT_RETRY:
		counts->retries++;
		break;
	case EVENT_PACKED:
		counts->packed_bytes += event->bytes;
		break;
	case EVENT_PLANNED:
		if (counts->planned_blobs == 0)
			counts->moving_ms = now_ms;
		counts->planned_blobs++;
		counts->planned_bytes += event->bytes;
		break;
	case EVENT_MOVED:
		counts->moved_bytes += event->bytes;
		break;
	case EVENT_FINISHED:
		counts->finished_blobs++;
		break;
	case EVENT_REUSED:
		counts->reused_blobs++;
		counts->reused_bytes += event->bytes;
		break;
	case EVENT_LAYERS:
		counts->layers_bytes = counts->unpacked_bytes;
		break;
	case EVENT_LAYER:
		counts->layers_bytes += event->bytes;
		break;
	case EVENT_UNPACKING:
	case EVENT_UNPACKED:
		counts->unpacked_bytes += event->bytes;
		break;
	default:
		break;
	}
}

/* Blobs in the other direction, or a build: ends the phase before. */
static bool
begins_anew(const struct progress *progress, const struct event *event)
{
	if (event->kind != EVENT_BEGUN)
		return false;
	return event->phase != progress->activity.phase || progress->activity.packing.done_bytes ||
	       progress->activity.build_ended_ms;
}

static void
hear(struct observer *observer, const struct event *event)
{
	struct progress *progress = (struct progress *)observer;
	int64_t now_ms = deadline_now_ms();

	count(&progress->counts, event, now_ms);
	if (begins_anew(progress, event) || event->kind == EVENT_YIELDED)
		finish_phases(progress, now_ms);
	activity_hear(&progress->activity, event, now_ms);
	switch (event->kind) {
	case EVENT_NOTICE:
		progress_notice(progress, event->text);
		break;
	case EVENT_TRACE:
	case EVENT_REQUEST:
		if (progress->options.verbose && event->text)
			say(progress, "trace", event->text, notice_wait_ms);
		break;
	case EVENT_RETRY:
		show_retry(progress, event->text, now_ms);
		break;
	case EVENT_YIELDED:
		break;
	default:
		if (progress->mode != MODE_NONE && now_ms >= progress->next_status_ms) {
			progress->next_status_ms = now_ms + interval_ms[progress->mode];
			show_status(progress, now_ms);
		}
	}
}

struct progress *
progress_new(const struct progress_options *options)
{
	struct progress *progress = XNEW(struct progress);
	int64_t now_ms = deadline_now_ms();

	progress->observer.hear = hear;
	progress->options = *options;
	progress->mode = choose_mode(options);
	progress->has_colour = terminal_has_colours(options->fd);
	progress->counts.started_ms = now_ms;
	progress->counts.moving_ms = now_ms;
	if (progress->mode != MODE_NONE)
		progress->next_status_ms = now_ms + interval_ms[progress->mode];
	return progress;
}

struct observer *
progress_observer(struct progress *progress)
{
	return &progress->observer;
}

const struct progress_counts *
progress_counts(const struct progress *progress)
{
	return &progress->counts;
}

void
progress_yield(struct progress *progress)
{
	finish_phases(progress, deadline_now_ms());
}

void
progress_end(struct progress *progress, int status)
{
	int64_t now_ms = deadline_now_ms();

	finish_phases(progress, now_ms);
	if (progress->mode == MODE_JSON) {
		AUTO_FREE char *line = progress_format_json(&progress->activity, &progress->counts,
							    now_ms, &status);

		(void)try_write(progress, line, notice_wait_ms);
	}
	progress->mode = MODE_NONE;
}

void
progress_free(struct progress *progress)
{
	if (!progress)
		return;
	activity_forget(&progress->activity);
	strings_release(&progress->notices);
	free(progress);
}
