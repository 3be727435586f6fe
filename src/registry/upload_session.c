#include <inttypes.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/request.h"
#include "registry/answer.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/problem.h"
#include "registry/session_url.h"
#include "registry/upload.h"
#include "registry/upload_parse.h"
#include "stream/source.h"

static struct upload_memory *
memory_of(const struct upload *upload)
{
	return &upload->job.endpoint->host->uploads;
}

static void
close_session(struct upload *upload)
{
	free(TAKE_PTR(upload->session_url));
	upload->taken_bytes = 0;
	upload->chunk_least_bytes = 0;
}

/* Each answer may move the session, and many put their state into its URL. */
static int
follow_session(struct upload *upload, const struct request *request, struct error **err)
{
	const char *least = request_header(request, "OCI-Chunk-Min-Length");
	char *url = session_url_read(upload->job.endpoint, request, err);

	if (!url)
		return -1;
	free(upload->session_url);
	upload->session_url = url;
	if (least)
		(void)text_parse_uint(least, INT64_MAX, &upload->chunk_least_bytes);
	return 0;
}

int
upload_take_session(struct upload *upload, const struct request *request, struct error **err)
{
	close_session(upload);
	if (follow_session(upload, request, err) < 0)
		return -1;
	error_free(TAKE_PTR(upload->failure));
	memory_of(upload)->has_opened = true;
	return upload_send(upload);
}

static uint64_t
next_chunk_bytes(const struct upload *upload)
{
	uint64_t left = upload->source->size_bytes - upload->taken_bytes;
	uint64_t size = memory_of(upload)->chunk_limit_bytes;

	if (size < upload->chunk_least_bytes)
		size = upload->chunk_least_bytes;
	return size < left ? size : left;
}

int
upload_send(struct upload *upload)
{
	uint64_t size_bytes = upload->source->size_bytes;

	if (upload->taken_bytes == 0 && size_bytes <= memory_of(upload)->whole_limit_bytes)
		return upload_go_on(upload, UPLOAD_WHOLE);
	if (upload->taken_bytes >= size_bytes)
		return upload_go_on(upload, UPLOAD_COMMIT);
	upload->end_bytes = upload->taken_bytes + next_chunk_bytes(upload);
	return upload_go_on(upload, UPLOAD_CHUNK);
}

int
upload_break_off(struct upload *upload, const struct request *request, struct error *failure,
		 struct error **err)
{
	int64_t pause_ms = request_pause_ms(request, &upload->tally);

	error_free(TAKE_PTR(upload->failure));
	if (!retry_has_attempt(&upload->tally) || pause_ms < 0)
		return error_pass(err, failure);
	retry_count_attempt(&upload->tally);
	upload->delay_ms = pause_ms;
	upload->failure = failure;
	observer_tell(engine_observer(upload->job.endpoint->registry->engine), EVENT_RETRY,
		      "%s; again in %" PRId64 " ms", error_text(failure), pause_ms);
	/* A chunk alone makes no blob. */
	return upload_go_on(upload, upload->step == UPLOAD_CHUNK ? UPLOAD_STATUS : UPLOAD_RECHECK);
}

int
upload_lose_session(struct upload *upload, struct error *failure, struct error **err)
{
	error_free(TAKE_PTR(upload->failure));
	if (upload->was_reopened)
		return error_pass(err, failure);
	upload->was_reopened = true;
	upload->failure = failure;
	close_session(upload);
	return upload_go_on(upload, UPLOAD_RECHECK);
}

/* What the session has when nobody doubts it. */
static int
take_acknowledgement(struct upload *upload, const struct request *request, struct error **err)
{
	uint64_t told_bytes;

	retry_count_progress(&upload->tally, upload->end_bytes - upload->taken_bytes);
	upload->taken_bytes = upload->end_bytes;
	if (request_header(request, "Location") && follow_session(upload, request, err) < 0)
		return -1;
	if (upload_parse_range(request_header(request, "Range"), &told_bytes) &&
	    told_bytes != upload->taken_bytes)
		return upload_go_on(upload, UPLOAD_STATUS);
	return upload_send(upload);
}

static int
shrink_chunk(struct upload *upload, uint64_t stated_bytes, struct error *failure,
	     struct error **err)
{
	uint64_t refused_bytes = upload->end_bytes - upload->taken_bytes;

	if (!upload_memory_refuse_chunk(memory_of(upload), refused_bytes, stated_bytes) ||
	    next_chunk_bytes(upload) >= refused_bytes)
		return upload_give_up(upload, failure, err);
	error_free(failure);
	return upload_send(upload);
}

/* 416 stands for a chunk that is too big or that does not go on where the session stands. */
static int
meet_chunk_refusal(struct upload *upload, int status, const struct problem *problem,
		   struct error *failure, struct error **err)
{
	uint64_t stated_bytes = 0;

	if (upload_parse_limit(problem->message, &stated_bytes) || status == 413)
		return shrink_chunk(upload, stated_bytes, failure, err);
	error_free(upload->failure);
	upload->failure = failure;
	upload->doubts_size = true;
	return upload_go_on(upload, UPLOAD_STATUS);
}

/* By who forgot the session, and by who takes no chunk: a whole blob may do in a new one. */
static bool
ends_session(int status)
{
	return status == 400 || status == 404 || status == 405 || status == 501;
}

int
upload_judge_chunk(struct upload *upload, struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	int status = request_status(request);
	struct error *failure = NULL;

	if (status / 100 == 2)
		return take_acknowledgement(upload, request, err);
	problem_read(request, &problem);
	(void)endpoint_refuse(upload->job.endpoint, ACCESS_PUSH, request, &failure);
	if (status == 416 || (status == 413 && !problem_mentions(&problem, "quota")))
		return meet_chunk_refusal(upload, status, &problem, failure, err);
	if (ends_session(status))
		return upload_lose_session(upload, failure, err);
	if (retry_after_status(&upload->tally, status, false))
		return upload_break_off(upload, request, failure, err);
	return upload_give_up(upload, failure, err);
}

/* The server has lost or gained what it had acknowledged: no trouble once or twice. */
static int
count_disagreement(struct upload *upload, struct error **err)
{
	if (!retry_has_attempt(&upload->tally)) {
		error_set(err, ERROR_UNAVAILABLE, "the registry loses what it has taken");
		return error_set_class(err, "protocol");
	}
	retry_count_attempt(&upload->tally);
	return 0;
}

static int
resume_at(struct upload *upload, uint64_t offset_bytes, struct error **err)
{
	bool broke_off = upload->failure && !upload->doubts_size;

	if (offset_bytes == upload->taken_bytes && upload->doubts_size) {
		upload->doubts_size = false;
		return shrink_chunk(upload, 0, TAKE_PTR(upload->failure), err);
	}
	if (offset_bytes != upload->taken_bytes && !broke_off &&
	    count_disagreement(upload, err) < 0)
		return -1;
	if (offset_bytes > upload->taken_bytes)
		retry_count_progress(&upload->tally, offset_bytes - upload->taken_bytes);
	upload->doubts_size = false;
	upload->taken_bytes = offset_bytes;
	error_free(TAKE_PTR(upload->failure));
	return upload_send(upload);
}

int
upload_judge_status(struct upload *upload, struct request *request, struct error **err)
{
	uint64_t offset_bytes = upload->taken_bytes;

	if (request_status(request) / 100 == 2 && !answer_is_page(request)) {
		(void)upload_parse_range(request_header(request, "Range"), &offset_bytes);
		if (request_header(request, "Location") && follow_session(upload, request, err) < 0)
			return -1;
	} else if (upload->failure && !upload->doubts_size) {
		close_session(upload);
		return upload_go_on(upload, UPLOAD_OPEN);
	}
	if (offset_bytes > upload->source->size_bytes)
		offset_bytes = 0;
	return resume_at(upload, offset_bytes, err);
}
