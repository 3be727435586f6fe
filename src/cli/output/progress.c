#include "cli/output/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/environment.h"
#include "base/observer.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/output/line.h"
#include "cli/output/progress_format.h"

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
	enum mode mode;
	bool has_bar;    /* the terminal's last line is ours to rewrite */
	bool is_stalled; /* nobody reads: wait no more until somebody does */
	int64_t next_status_ms;
	int64_t next_retry_ms;
	struct strings notices; /* shown so far */
};

static bool
is_rewritable(int fd)
{
	const char *terminal = environment_find("TERM");

	return isatty(fd) && terminal && strcmp(terminal, "dumb") != 0;
}

static enum mode
choose_mode(const struct progress_options *options)
{
	const char *wanted = options->mode ? options->mode : "auto";

	if (options->quiet || strcmp(wanted, "none") == 0)
		return MODE_NONE;
	if (strcmp(wanted, "json") == 0)
		return MODE_JSON;
	/* Without a terminal nothing can be rewritten, whatever was asked for. */
	if (strcmp(wanted, "plain") != 0 && is_rewritable(options->fd))
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
	AUTO_FREE char *whole = NULL;

	if (progress->has_bar)
		whole = xasprintf("\r\033[K%s", line);
	if (try_write(progress, whole ? whole : line, most_wait_ms))
		progress->has_bar = false;
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

static void
show_status(struct progress *progress, int64_t now_ms)
{
	AUTO_FREE char *line = NULL;

	if (progress->mode == MODE_TTY)
		line = progress_format_bar(&progress->counts, now_ms, progress->options.fd);
	else if (progress->mode == MODE_JSON)
		line = progress_format_json(&progress->counts, now_ms);
	else
		line = progress_format_plain(&progress->counts, now_ms);
	if (try_write(progress, line, 0) && progress->mode == MODE_TTY)
		progress->has_bar = true;
}

static void
show_status_if_due(struct progress *progress)
{
	int64_t now_ms;

	if (progress->mode == MODE_NONE)
		return;
	now_ms = deadline_now_ms();
	if (now_ms < progress->next_status_ms)
		return;
	progress->next_status_ms = now_ms + interval_ms[progress->mode];
	show_status(progress, now_ms);
}

static void
show_retry(struct progress *progress, const char *text)
{
	int64_t now_ms = deadline_now_ms();
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
show_trace(struct progress *progress, const char *text)
{
	if (progress->options.verbose && text)
		say(progress, "trace", text, notice_wait_ms);
}

static void
hear_bytes(struct progress *progress, const struct event *event)
{
	struct progress_counts *counts = &progress->counts;

	switch (event->kind) {
	case EVENT_PACKED:
		counts->packed_bytes += event->bytes;
		break;
	case EVENT_PLANNED:
		if (counts->planned_blobs == 0)
			counts->moving_ms = deadline_now_ms();
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
	default:
		return;
	}
	show_status_if_due(progress);
}

static void
hear(struct observer *observer, const struct event *event)
{
	struct progress *progress = (struct progress *)observer;

	switch (event->kind) {
	case EVENT_NOTICE:
		progress_notice(progress, event->text);
		break;
	case EVENT_TRACE:
		show_trace(progress, event->text);
		break;
	case EVENT_REQUEST:
		progress->counts.requests++;
		show_trace(progress, event->text);
		break;
	case EVENT_RETRY:
		progress->counts.retries++;
		show_retry(progress, event->text);
		break;
	default:
		hear_bytes(progress, event);
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
progress_end(struct progress *progress)
{
	if (progress->has_bar)
		write_line(progress, "", notice_wait_ms);
	progress->mode = MODE_NONE;
}

void
progress_free(struct progress *progress)
{
	if (!progress)
		return;
	progress_end(progress);
	strings_release(&progress->notices);
	free(progress);
}
