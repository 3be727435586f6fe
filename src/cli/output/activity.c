/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/activity.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { SAMPLE_EVERY_MS = 250, WAIT_SHOWN_AFTER_MS = 1000, WAIT_OVER_AFTER_MS = 2500 };

static struct blob_row *
find_blob(struct activity *activity, const char *digest)
{
	if (!digest)
		return NULL;
	for (size_t i = 0; i < activity->blob_count; i++) {
		size_t at = (activity->found + i) % activity->blob_count;

		if (strcmp(activity->blobs[at].digest, digest) == 0) {
			activity->found = at;
			return &activity->blobs[at];
		}
	}
	return NULL;
}

static struct blob_row *
add_blob(struct activity *activity, const struct event *event)
{
	struct blob_row *blob = find_blob(activity, event->text);

	if (blob)
		return blob;
	activity->blobs = xgrow(activity->blobs, activity->blob_count, sizeof(*activity->blobs));
	blob = &activity->blobs[activity->blob_count++];
	*blob = (struct blob_row){ .digest = xstrdup(event->text), .size_bytes = event->bytes };
	return blob;
}

static void
begin_blob(struct activity *activity, const struct event *event, int64_t now_ms)
{
	struct blob_row *blob = add_blob(activity, event);

	blob->state = BLOB_MOVES;
	blob->size_bytes = event->bytes + event->at_bytes;
	blob->at_bytes = event->at_bytes;
	blob->resumed_bytes = event->at_bytes;
	blob->begun_ms = now_ms;
}

static void
move_blob(struct activity *activity, const struct event *event)
{
	struct blob_row *blob = find_blob(activity, event->text);

	if (blob && blob->state == BLOB_MOVES)
		blob->at_bytes =
			event->at_bytes < blob->size_bytes ? event->at_bytes : blob->size_bytes;
}

static void
end_blob(struct activity *activity, const struct event *event, int64_t now_ms)
{
	struct blob_row *blob = find_blob(activity, event->text);

	if (!blob)
		return;
	blob->state = BLOB_DONE;
	blob->at_bytes = blob->size_bytes;
	blob->ended_ms = now_ms;
}

static void
reuse_blob(struct activity *activity, const struct event *event)
{
	struct blob_row *blob = find_blob(activity, event->text);

	activity->reused_count++;
	if (blob)
		blob->state = BLOB_NOT_NEW;
}

static void
do_work(struct work *work, uint64_t bytes, int64_t now_ms)
{
	if (work->done_bytes == 0 && work->begun_ms == 0)
		work->begun_ms = now_ms;
	work->done_bytes += bytes;
	work->last_ms = now_ms;
}

static void
hear_layers(struct activity *activity, const struct event *event, int64_t now_ms)
{
	struct work *work = &activity->unpacking;

	switch (event->kind) {
	case EVENT_LAYERS:
		*work = (struct work){ 0 };
		break;
	case EVENT_LAYER:
		work->begun_ms = work->begun_ms ? work->begun_ms : now_ms;
		work->total_count++;
		work->total_bytes += event->bytes;
		break;
	case EVENT_UNPACKING:
		do_work(work, event->bytes, now_ms);
		break;
	case EVENT_UNPACKED:
		work->done_count++;
		do_work(work, event->bytes, now_ms);
		break;
	default:
		break;
	}
}

static void
hear_wait(struct activity *activity, const struct event *event, int64_t now_ms)
{
	if (!activity->waited_for || strcmp(activity->waited_for, event->text) != 0) {
		free(activity->waited_for);
		activity->waited_for = xstrdup(event->text);
	}
	activity->waiting_since_ms = now_ms - event->ms;
	activity->waiting_seen_ms = now_ms;
}

void
activity_hear(struct activity *activity, const struct event *event, int64_t now_ms)
{
	switch (event->kind) {
	case EVENT_BEGUN:
		if (event->phase == PHASE_BUILD)
			activity->build_begun_ms = now_ms;
		else
			activity->phase = event->phase;
		break;
	case EVENT_ENDED:
		activity->build_ended_ms = now_ms;
		break;
	case EVENT_PACKED:
		do_work(&activity->packing, event->bytes, now_ms);
		break;
	case EVENT_EXPECTED:
		(void)add_blob(activity, event);
		break;
	case EVENT_PLANNED:
		begin_blob(activity, event, now_ms);
		break;
	case EVENT_MOVED:
		move_blob(activity, event);
		break;
	case EVENT_FINISHED:
		end_blob(activity, event, now_ms);
		break;
	case EVENT_REUSED:
		reuse_blob(activity, event);
		break;
	case EVENT_RETRY:
	case EVENT_TRACE:
		if (event->ms > 0)
			activity->next_request_ms = now_ms + event->ms;
		break;
	case EVENT_WAITING:
		hear_wait(activity, event, now_ms);
		break;
	default:
		hear_layers(activity, event, now_ms);
	}
}

struct work
activity_moving(const struct activity *activity)
{
	struct work work = { 0 };

	for (size_t i = 0; i < activity->blob_count; i++) {
		const struct blob_row *blob = &activity->blobs[i];

		if (blob->state == BLOB_NOT_NEW)
			continue;
		work.total_count++;
		work.total_bytes += blob->size_bytes;
		work.done_count += blob->state == BLOB_DONE;
		work.done_bytes += blob->at_bytes;
		if (blob->at_bytes > blob->resumed_bytes)
			work.fresh_bytes += blob->at_bytes - blob->resumed_bytes;
		if (blob->begun_ms && (!work.begun_ms || blob->begun_ms < work.begun_ms))
			work.begun_ms = blob->begun_ms;
		if (blob->ended_ms > work.last_ms)
			work.last_ms = blob->ended_ms;
	}
	return work;
}

uint64_t
activity_rate(struct activity *activity, int64_t now_ms)
{
	struct work moving = activity_moving(activity);
	size_t count = activity->sample_count;
	size_t oldest = count < RATE_SAMPLES_COUNT ? 0 : count % RATE_SAMPLES_COUNT;
	size_t last = (count + RATE_SAMPLES_COUNT - 1) % RATE_SAMPLES_COUNT;
	int64_t since_ms = count ? activity->samples[oldest].at_ms : moving.begun_ms;
	uint64_t before = count ? activity->samples[oldest].bytes : 0;

	if (count == 0 || now_ms - activity->samples[last].at_ms >= SAMPLE_EVERY_MS) {
		activity->samples[count % RATE_SAMPLES_COUNT].at_ms = now_ms;
		activity->samples[count % RATE_SAMPLES_COUNT].bytes = moving.fresh_bytes;
		activity->sample_count++;
	}
	if (now_ms - since_ms < SAMPLE_EVERY_MS) {
		since_ms = moving.begun_ms;
		before = 0;
	}
	if (now_ms <= since_ms || moving.fresh_bytes < before)
		return 0;
	return (uint64_t)((double)(moving.fresh_bytes - before) * 1000 /
			  (double)(now_ms - since_ms));
}

bool
activity_is_waiting(const struct activity *activity, int64_t now_ms)
{
	if (activity->next_request_ms - now_ms >= WAIT_SHOWN_AFTER_MS)
		return true;
	return activity->waited_for && now_ms - activity->waiting_seen_ms < WAIT_OVER_AFTER_MS &&
	       now_ms - activity->waiting_since_ms >= WAIT_SHOWN_AFTER_MS;
}

bool
activity_is_worth_telling(const struct activity *activity)
{
	return activity_moving(activity).begun_ms > 0 || activity->packing.done_bytes > 0 ||
	       activity->unpacking.done_count > 0 || activity->build_ended_ms > 0;
}

void
activity_forget(struct activity *activity)
{
	for (size_t i = 0; i < activity->blob_count; i++)
		free(activity->blobs[i].digest);
	free(activity->blobs);
	free(activity->waited_for);
	*activity = (struct activity){ .phase = activity->phase };
}
