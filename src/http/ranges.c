/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ranges.h"

#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/request_private.h"
#include "stream/body.h"

/* The body of the first request: the content from its start to the first range. */
struct front {
	struct body body;
	struct ranges *ranges;
	uint64_t position;
	uint64_t end; /* where the ranges begin; the whole size while there are none */
};

/* A range of the content: its bytes are written to their place in the whole body. */
struct part {
	struct body body;
	struct ranges *ranges;   /* NULL: an unused place in the table */
	struct request *request; /* NULL: waits for the landing, or for its turn */
	uint64_t position;       /* of its next byte */
	uint64_t end;
	bool has_begun; /* the answer to `request` fits the range */
	bool asks;      /* `request` is sent to the first URL, not to the landing */
};

struct ranges {
	struct ranges *next; /* of the engine's */
	struct engine *engine;
	struct request_options options;
	char *url;
	char *blob;
	struct body *whole; /* borrowed */
	uint64_t size_bytes;
	uint64_t moved_bytes;

	struct request *first;
	struct front front;

	struct part parts[LARGE_CONNECTIONS_LIMIT_COUNT];
	uint64_t unclaimed; /* the first byte of no range yet */
	struct landing landing;
	char *etag;                  /* at the landing; NULL: none */
	struct part *asker;          /* finds the landing; the others wait */
	bool has_begun;              /* the server has sent a byte of a range */
	struct retry_tally failures; /* since a range came whole */
	bool is_plain;               /* no further ranges; the first request fetches the rest */

	ranges_done *done;
	void *context;
};

static void spread(struct engine *engine);

bool
ranges_fit(const struct body *body)
{
	struct body_range wanted = body_wanted(body);

	return body->ops->write_at && !body->ops->has_room &&
	       wanted.end - wanted.first > 2 * RANGE_BYTES && wanted.end > wanted.first;
}

/* A shared access signature names its end: "se=2026-11-30T17%3A00%3A00Z". */
static bool
expires_soon(const char *url)
{
	AUTO_FREE char *query = NULL;
	const char *found = strchr(url, '?');
	struct tm end = { 0 };
	char *colon;

	while (found && !text_starts(found + 1, "se="))
		found = strchr(found + 1, '&');
	if (!found)
		return false;
	query = xstrdup(found + strlen("?se="));
	while ((colon = strcasestr(query, "%3a"))) {
		*colon = ':';
		memmove(colon + 1, colon + 3, strlen(colon + 3) + 1);
	}
	if (!strptime(query, "%Y-%m-%dT%H:%M:%SZ", &end))
		return false;
	return timegm(&end) < time(NULL) + LANDING_MARGIN_S;
}

static const char *
etag_of(const struct request *request)
{
	return request_header(request, "etag");
}

static void
learn_landing(struct ranges *ranges, const struct request *request)
{
	landing_release(&ranges->landing);
	request_landing(request, &ranges->landing);
	free(ranges->etag);
	ranges->etag = xstrdup_null(etag_of(request));
}

static int64_t
thread_busy_ms(void)
{
	struct timespec busy = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &busy);
	return (int64_t)busy.tv_sec * 1000 + busy.tv_nsec / 1000000;
}

static void
count_received(struct ranges *ranges, size_t size)
{
	struct engine *engine = ranges->engine;
	struct ramp_reading reading = { .connections = engine->download_count };

	if (!ramp_count(&engine->ramp, size))
		return;
	reading.now_ms = deadline_now_ms();
	reading.busy_ms = thread_busy_ms();
	if (!ramp_judge(&engine->ramp, &reading))
		return;
	spread(engine);
	reading.connections = engine->download_count;
	ramp_open(&engine->ramp, &reading);
}

static struct body_range
front_wanted(const struct body *body)
{
	const struct ranges *ranges = ((const struct front *)body)->ranges;
	struct body_range wanted = body_wanted(ranges->whole);

	if (wanted.first > ranges->front.end)
		wanted.first = ranges->front.end;
	wanted.end = ranges->front.end;
	return wanted;
}

static int
front_begin(struct body *body, uint64_t offset, struct error **err)
{
	struct ranges *ranges = ((struct front *)body)->ranges;

	if (body_begin(ranges->whole, offset, err) < 0)
		return -1;
	ranges->front.position = offset;
	learn_landing(ranges, ranges->first);
	return 0;
}

static void
drop_request(struct ranges *ranges, struct request **request)
{
	if (*request && !request_has_ended(*request))
		ranges->engine->download_count--;
	request_free(TAKE_PTR(*request));
}

static void
drop_parts(struct ranges *ranges)
{
	for (size_t i = 0; i < LARGE_CONNECTIONS_LIMIT_COUNT; i++) {
		drop_request(ranges, &ranges->parts[i].request);
		ranges->parts[i].ranges = NULL;
	}
	ranges->asker = NULL;
	ranges->front.end = ranges->size_bytes;
	ranges->unclaimed = 0;
}

/* A server that refuses ranges would refuse the rest too, if the first request ended here. */
static bool
must_go_on(const struct ranges *ranges, size_t size)
{
	return ranges->unclaimed > 0 && !ranges->has_begun && !ranges->is_plain &&
	       ranges->front.position + size >= ranges->front.end;
}

static int
front_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct ranges *ranges = ((struct front *)body)->ranges;
	uint64_t left;

	if (must_go_on(ranges, size))
		drop_parts(ranges);
	left = ranges->front.end - ranges->front.position;
	if (ranges->front.end < ranges->size_bytes && size > left)
		size = (size_t)left;
	if (body_write(ranges->whole, bytes, size, err) < 0)
		return -1;
	ranges->front.position += size;
	count_received(ranges, size);
	return 0;
}

static int
front_end(struct body *body, struct error **err)
{
	struct ranges *ranges = ((struct front *)body)->ranges;

	if (body_is_complete(body) && !body_is_complete(ranges->whole))
		return 0;
	return body_end(ranges->whole, err);
}

static struct body_range
part_wanted(const struct body *body)
{
	const struct part *part = (const struct part *)body;

	return (struct body_range){ part->position, part->end, part->ranges->size_bytes };
}

static int
part_begin(struct body *body, uint64_t offset, struct error **err)
{
	struct part *part = (struct part *)body;
	struct ranges *ranges = part->ranges;
	const char *etag = etag_of(part->request);

	if (offset != part->position || (etag && ranges->etag && strcmp(etag, ranges->etag) != 0))
		return error_set(err, ERROR_UNAVAILABLE,
				 "the server sent a different range or version");
	part->has_begun = true;
	ranges->has_begun = true;
	if (ranges->asker == part) {
		ranges->asker = NULL;
		learn_landing(ranges, part->request);
		spread(ranges->engine);
	}
	return 0;
}

static int
part_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct part *part = (struct part *)body;
	struct ranges *ranges = part->ranges;
	uint64_t left = part->end - part->position;

	if (size > left)
		size = (size_t)left;
	if (ranges->whole->ops->write_at(ranges->whole, part->position, bytes, size, err) < 0)
		return -1;
	part->position += size;
	count_received(ranges, size);
	return 0;
}

static int
part_end(struct body *body, struct error **err)
{
	(void)body;
	(void)err;
	return 0;
}

static const struct body_ops front_ops = {
	.wanted = front_wanted, .begin = front_begin, .write = front_write, .end = front_end
};

static const struct body_ops part_ops = {
	.wanted = part_wanted, .begin = part_begin, .write = part_write, .end = part_end
};

static void
end_parts(struct ranges *ranges)
{
	drop_parts(ranges);
	ranges->is_plain = true;
	ranges->unclaimed = ranges->size_bytes;
}

static void
finish(struct ranges *ranges, struct error *failure)
{
	if (failure && error_is(failure, ERROR_CONTENT) && ranges->unclaimed > 0)
		ramp_stop(&ranges->engine->ramp);
	end_parts(ranges);
	ranges->done(ranges->context, ranges->first, failure);
}

static void conclude(struct ranges *ranges);

static void
on_first(void *context, struct request *request)
{
	struct ranges *ranges = context;
	struct error *failure = request_take_error(request);

	ranges->engine->download_count--;
	if (failure || !body_is_complete(&ranges->front.body) || body_is_complete(ranges->whole))
		finish(ranges, failure);
	else
		conclude(ranges);
}

static int
start_first(struct ranges *ranges, struct error **err)
{
	struct request *request =
		request_start(ranges->engine, &ranges->options, on_first, ranges, err);

	if (!request)
		return -1;
	drop_request(ranges, &ranges->first);
	ranges->first = request;
	ranges->engine->download_count++;
	return 0;
}

/* Ends the ranges.  The caller calls conclude(), which continues with the first request. */
static void
give_up(struct ranges *ranges, const char *why)
{
	observer_tell(ranges->engine->observer, EVENT_TRACE, "no more ranges: %s", QUOTED(why));
	end_parts(ranges);
}

static void on_part(void *context, struct request *request);

static int
start_part(struct part *part, int64_t delay_ms, struct error **err)
{
	struct ranges *ranges = part->ranges;
	struct request_options options = ranges->options;

	if (ranges->landing.url && expires_soon(ranges->landing.url))
		landing_release(&ranges->landing);
	part->asks = !ranges->landing.url;
	part->has_begun = false;
	options.body = &part->body;
	options.delay_ms = delay_ms;
	options.flags |= REQUEST_NO_RETRY;
	if (!part->asks) {
		options.landing = &ranges->landing;
		if (ranges->landing.has_left_origin)
			options.authorizer = NULL;
	}
	part->request = request_start(ranges->engine, &options, on_part, part, err);
	if (!part->request)
		return -1;
	if (part->asks)
		ranges->asker = part;
	ranges->engine->download_count++;
	return 0;
}

/* The server ignores ranges, or its answer contradicts the request. */
static bool
is_wrong_answer(const struct part *part, int status)
{
	return !part->has_begun && (status == 200 || status == 206 || status == 416);
}

static bool
is_refused(int status)
{
	return status == 401 || status == 403 || status == 404;
}

static void
judge_part(struct part *part, const struct request *request, const struct error *failure)
{
	struct ranges *ranges = part->ranges;
	AUTO_ERROR struct error *trouble = NULL;
	int status = request_status(request);
	struct retry_tally put_off;
	int64_t delay_ms;

	if (is_wrong_answer(part, status)) {
		give_up(ranges, "wrong answer to a range");
		return;
	}
	if (is_refused(status) && !part->asks) {
		landing_release(&ranges->landing);
		return;
	}
	if (status == 429 || status == 503)
		ramp_refuse(&ranges->engine->ramp, ranges->engine->download_count + 1);
	retry_count_attempt(&ranges->failures);
	if (ranges->asker && retry_has_attempt(&ranges->failures))
		return;
	/* Being put off counts as a failed attempt: the server may still send the whole body. */
	put_off = ranges->failures;
	delay_ms = request_pause_ms(request, &put_off);
	if (!retry_has_attempt(&ranges->failures) || delay_ms < 0 ||
	    start_part(part, delay_ms, &trouble) < 0)
		give_up(ranges, failure ? error_text(failure) : "ranges are refused");
}

static void
on_part(void *context, struct request *request)
{
	struct part *part = context;
	struct ranges *ranges = part->ranges;
	struct error *failure = request_take_error(request);

	ranges->engine->download_count--;
	part->request = NULL;
	if (ranges->asker == part)
		ranges->asker = NULL;
	if (failure && error_is(failure, ERROR_LOCAL)) {
		request_free(request);
		finish(ranges, failure);
		return;
	}
	if (part->position == part->end) {
		part->ranges = NULL;
		ranges->failures = (struct retry_tally){ 0 };
	} else {
		judge_part(part, request, failure);
	}
	error_free(failure);
	request_free(request);
	conclude(ranges);
}

static bool
has_parts(const struct ranges *ranges)
{
	for (size_t i = 0; i < LARGE_CONNECTIONS_LIMIT_COUNT; i++)
		if (ranges->parts[i].ranges)
			return true;
	return false;
}

static void
conclude(struct ranges *ranges)
{
	struct error *failure = NULL;

	spread(ranges->engine);
	if (!request_has_ended(ranges->first) || has_parts(ranges) ||
	    (ranges->unclaimed > 0 && ranges->unclaimed < ranges->size_bytes))
		return;
	if (!body_is_complete(ranges->whole) && start_first(ranges, &failure) == 0)
		return;
	if (!failure)
		(void)body_end(ranges->whole, &failure);
	finish(ranges, failure);
}

/* The bytes that a new range could fetch, or fetch again after a failure. */
static uint64_t
spare_bytes(const struct ranges *ranges)
{
	uint64_t spare = 0;

	if (ranges->is_plain || ranges->asker || ranges->front.position == 0)
		return 0;
	for (size_t i = 0; i < LARGE_CONNECTIONS_LIMIT_COUNT; i++)
		if (ranges->parts[i].ranges && !ranges->parts[i].request)
			spare += ranges->parts[i].end - ranges->parts[i].position;
	if (ranges->unclaimed > 0)
		return spare + ranges->size_bytes - ranges->unclaimed;
	if (ranges->size_bytes - ranges->front.position <= 2 * RANGE_BYTES)
		return spare;
	return spare + ranges->size_bytes - ranges->front.position - RANGE_BYTES;
}

/* Gives the part the next range.  A small rest of the body joins the last full range. */
static void
claim(struct ranges *ranges, struct part *part)
{
	uint64_t left;

	if (ranges->unclaimed == 0) {
		uint64_t near = ranges->front.position + RANGE_BYTES / 2;

		ranges->front.end = ranges->unclaimed = near - near % RANGE_BYTES + RANGE_BYTES;
	}
	left = ranges->size_bytes - ranges->unclaimed;
	part->body.ops = &part_ops;
	part->ranges = ranges;
	part->position = ranges->unclaimed;
	part->end = part->position + (left < RANGE_BYTES + LARGE_BLOB_BYTES ? left : RANGE_BYTES);
	ranges->unclaimed = part->end;
}

/* A part to request, for the first time or again; NULL: every place is in use. */
static struct part *
next_part(struct ranges *ranges)
{
	struct part *unused = NULL;

	for (size_t i = 0; i < LARGE_CONNECTIONS_LIMIT_COUNT; i++) {
		struct part *part = &ranges->parts[i];

		if (part->ranges && !part->request)
			return part;
		if (!part->ranges)
			unused = part;
	}
	if (unused)
		claim(ranges, unused);
	return unused;
}

static struct ranges *
find_largest(const struct engine *engine)
{
	struct ranges *largest = NULL;
	uint64_t most = 0;

	for (struct ranges *ranges = engine->downloads; ranges; ranges = ranges->next) {
		uint64_t spare = spare_bytes(ranges);

		if (spare > most) {
			most = spare;
			largest = ranges;
		}
	}
	return largest;
}

/* Starts as many ranges as the ramp allows connections. */
static void
spread(struct engine *engine)
{
	struct ranges *ranges;

	while (engine->download_count < engine->ramp.limit && (ranges = find_largest(engine))) {
		AUTO_ERROR struct error *failure = NULL;
		struct part *part = next_part(ranges);

		if (!part)
			return;
		if (start_part(part, 0, &failure) < 0)
			give_up(ranges, error_text(failure));
	}
}

struct ranges *
ranges_start(struct engine *engine, const struct request_options *options, ranges_done *done,
	     void *context, struct error **err)
{
	AUTO_RANGES struct ranges *ranges = XNEW(struct ranges);
	struct body_range wanted = body_wanted(options->body);

	ranges->engine = engine;
	ranges->next = engine->downloads;
	engine->downloads = ranges;
	ranges->whole = options->body;
	ranges->size_bytes = ranges->front.end = wanted.end;
	ranges->moved_bytes = wanted.first;
	ranges->url = xstrdup(options->url);
	ranges->blob = xstrdup_null(options->blob);
	ranges->front.body.ops = &front_ops;
	ranges->front.ranges = ranges;
	ranges->options = *options;
	ranges->options.url = ranges->url;
	ranges->options.blob = ranges->blob;
	ranges->options.body = &ranges->front.body;
	ranges->options.moved_bytes = &ranges->moved_bytes;
	ranges->done = done;
	ranges->context = context;
	if (start_first(ranges, err) < 0)
		return NULL;
	return TAKE_PTR(ranges);
}

void
ranges_free(struct ranges *ranges)
{
	if (!ranges)
		return;
	for (struct ranges **at = &ranges->engine->downloads; *at; at = &(*at)->next)
		if (*at == ranges) {
			*at = ranges->next;
			break;
		}
	drop_parts(ranges);
	drop_request(ranges, &ranges->first);
	landing_release(&ranges->landing);
	free(ranges->etag);
	free(ranges->url);
	free(ranges->blob);
	free(ranges);
}
