/* SPDX-License-Identifier: Apache-2.0 */
/* upload.c - one blob on its way to a registry
 *
 *     check --404--> mount --4xx--> open ---202---> [session] ---> whole --201--> done
 *       |              |             ^                ^  |           |
 *       +-200-> done   +-201-> done  | lost     where |  |           | broke off
 *                                    |         it is  |  v           v
 *                                    +--<-- status <--+ chunk...   recheck --200--> done
 *                                              ^         | |         |
 *                                              +--broke--+ +-> commit|
 *                                              +---------<-----------+
 *
 * A small blob may go with its POST ("single").  "cancel" deletes the session of an upload that is
 * given up.  Each step is one request; its answer decides the next step or ends the upload.
 * distribution-spec, "Pushing blobs".
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/origin.h"
#include "http/request.h"
#include "http/retry.h"
#include "registry/answer.h"
#include "registry/auth/scope_auth.h"
#include "registry/blob_job.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/problem.h"
#include "registry/upload/upload_session.h"
#include "stream/source.h"

enum upload_step {
	UPLOAD_CHECK,   /* HEAD of the blob */
	UPLOAD_MOUNT,   /* POST that names another repository */
	UPLOAD_OPEN,    /* POST */
	UPLOAD_SINGLE,  /* POST with all bytes */
	UPLOAD_WHOLE,   /* PUT with all bytes */
	UPLOAD_CHUNK,   /* PATCH with some of them */
	UPLOAD_COMMIT,  /* PUT with none */
	UPLOAD_RECHECK, /* HEAD after a PUT that broke off */
	UPLOAD_STATUS,  /* GET of the session */
	UPLOAD_CANCEL,  /* DELETE of it */
	UPLOAD_DONE
};

struct upload {
	struct blob_job job;
	enum upload_step step;
	enum blob_outcome outcome; /* once done */
	struct scope_auth *scope_auth;
	const struct source *source;
	char *mount_from; /* a repository; NULL: none, or tried already */

	char *session_url;          /* NULL: none is open */
	uint64_t chunk_least_bytes; /* OCI-Chunk-Min-Length; 0: any */
	uint64_t taken_bytes;       /* acknowledged by the session */
	uint64_t end_bytes;         /* of the chunk under way */
	bool doubts_size;           /* after a 416: too big, or at the wrong offset? */

	struct retry_tally tally; /* of requests with bytes */
	int64_t delay_ms;         /* before the next request */
	bool was_reopened;
	struct error *failure; /* of a request with bytes, until the session tells what arrived */
};

/*
 * A function that judges an answer returns 0 after it has set the next step, or -1 with *err, which
 * ends the upload.
 */

static int
go_on(struct upload *upload, enum upload_step step)
{
	upload->step = step;
	return 0;
}

static int
finish(struct upload *upload, enum blob_outcome outcome)
{
	upload->outcome = outcome;
	return go_on(upload, UPLOAD_DONE);
}

/* Deletes the session before the failure is reported, unless the server is in trouble.  Takes the
 * failure. */
static int
give_up(struct upload *upload, struct error *failure, struct error **err)
{
	error_free(TAKE_PTR(upload->failure));
	if (!upload->session_url || error_is(failure, ERROR_UNAVAILABLE) ||
	    error_is(failure, ERROR_RATE) || error_is(failure, ERROR_TIMEOUT))
		return error_pass(err, failure);
	upload->failure = failure;
	return go_on(upload, UPLOAD_CANCEL);
}

static void on_answer(void *context, struct request *request);

#define BLOB_CONTENT_TYPE "application/octet-stream"

static int
start_request(struct upload *upload, struct request_options *options, struct error **err)
{
	const struct digest_text digest = digest_text(&upload->job.digest);
	const struct endpoint *endpoint = upload->job.endpoint;

	options->flags |= REQUEST_NO_REDIRECT;
	options->pace = &endpoint->host->writes;
	options->delay_ms = upload->delay_ms;
	upload->delay_ms = 0;
	options->blob = digest.text;
	request_free(upload->job.request);
	upload->job.request =
		request_start(endpoint->registry->engine, options, on_answer, upload, err);
	return upload->job.request ? 0 : -1;
}

static int
start_check(struct upload *upload, struct error **err)
{
	AUTO_FREE char *url = blob_url(upload->job.endpoint, &upload->job.digest, err);
	struct request_options options = {
		.method = HTTP_HEAD,
		.url = url,
		.authorizer = scope_auth_authorizer(upload->scope_auth),
	};

	return url ? start_request(upload, &options, err) : -1;
}

static char *
uploads_url(const struct upload *upload, struct error **err)
{
	return endpoint_url(upload->job.endpoint, "/blobs/uploads/", err);
}

static char *
add_digest(const struct upload *upload, const char *url, const char *name, struct error **err)
{
	return url_add_query(url, name, digest_text(&upload->job.digest).text, err);
}

/* `source` NULL: no body.  A POST with a blob is not repeated by the request layer: judge_failure()
 * decides what follows when it breaks off. */
static int
post(struct upload *upload, const char *url, const struct source *source, struct error **err)
{
	struct request_options options = {
		.method = HTTP_POST,
		.url = url,
		.content_type = source ? BLOB_CONTENT_TYPE : NULL,
		.source = source,
		.authorizer = scope_auth_authorizer(upload->scope_auth),
		.flags = source ? REQUEST_NO_RETRY : 0,
	};

	return url ? start_request(upload, &options, err) : -1;
}

static int
start_mount(struct upload *upload, struct error **err)
{
	AUTO_FREE char *base = uploads_url(upload, err);
	AUTO_FREE char *what = base ? add_digest(upload, base, "mount", err) : NULL;
	AUTO_FREE char *url = what ? url_add_query(what, "from", upload->mount_from, err) : NULL;

	return post(upload, url, NULL, err);
}

/* distribution-spec, "Pushing a blob in chunks": other algorithms than SHA-256 are announced. */
static int
start_open(struct upload *upload, struct error **err)
{
	enum digest_algorithm algorithm = upload->job.digest.algorithm;
	AUTO_FREE char *base = uploads_url(upload, err);
	AUTO_FREE char *url = NULL;

	if (!base || algorithm == DIGEST_SHA256)
		return post(upload, base, NULL, err);
	url = url_add_query(base, "digest-algorithm", digest_algorithm_name(algorithm), err);
	return post(upload, url, NULL, err);
}

static int
start_single(struct upload *upload, struct error **err)
{
	AUTO_FREE char *base = uploads_url(upload, err);
	AUTO_FREE char *url = base ? add_digest(upload, base, "digest", err) : NULL;

	return post(upload, url, upload->source, err);
}

/* A request to the session.  The request layer does not repeat it: the session may have taken a
 * part. */
static struct request_options
to_session(const struct upload *upload, enum http_method method, const char *url)
{
	/* A session on another origin gets no credentials; its URL may be a signed one. */
	return (struct request_options){
		.method = method,
		.url = url,
		.named_by = upload->job.endpoint->host->url,
		.authorizer = session_url_is_own(upload->job.endpoint, upload->session_url)
				      ? scope_auth_authorizer(upload->scope_auth)
				      : NULL,
		.flags = REQUEST_NO_RETRY | REQUEST_UNTIMED,
	};
}

static int
start_put(struct upload *upload, const struct source *source, struct error **err)
{
	AUTO_FREE char *url = add_digest(upload, upload->session_url, "digest", err);
	struct request_options options = to_session(upload, HTTP_PUT, url);

	options.content_type = BLOB_CONTENT_TYPE;
	options.source = source;
	return url ? start_request(upload, &options, err) : -1;
}

static int
start_whole(struct upload *upload, struct error **err)
{
	return start_put(upload, upload->source, err);
}

static int
start_commit(struct upload *upload, struct error **err)
{
	return start_put(upload, NULL, err);
}

/* distribution-spec, "Pushing a blob in chunks": no unit, and the last byte is included. */
static int
start_chunk(struct upload *upload, struct error **err)
{
	AUTO_FREE char *range = xasprintf("Content-Range: %" PRIu64 "-%" PRIu64,
					  upload->taken_bytes, upload->end_bytes - 1);
	const char *const headers[] = { range, NULL };
	struct request_options options = to_session(upload, HTTP_PATCH, upload->session_url);

	options.content_type = BLOB_CONTENT_TYPE;
	options.headers = headers;
	options.source = upload->source;
	options.source_first = upload->taken_bytes;
	options.source_end = upload->end_bytes;
	return start_request(upload, &options, err);
}

static int
start_status(struct upload *upload, struct error **err)
{
	struct request_options options = to_session(upload, HTTP_GET, upload->session_url);

	options.flags = 0;
	return start_request(upload, &options, err);
}

/* The answer is ignored: ghcr.io answers 405 and lets the session expire. */
static int
start_cancel(struct upload *upload, struct error **err)
{
	struct request_options options = to_session(upload, HTTP_DELETE, upload->session_url);

	options.flags = REQUEST_NO_RETRY;
	return start_request(upload, &options, err);
}

static struct upload_policy *
policy_of(const struct upload *upload)
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

/* Each answer may name a new URL for the session; many registries keep their state in it. */
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

static uint64_t
next_chunk_bytes(const struct upload *upload)
{
	uint64_t left = upload->source->size_bytes - upload->taken_bytes;
	uint64_t size = policy_of(upload)->chunk_limit_bytes;

	if (size < upload->chunk_least_bytes)
		size = upload->chunk_least_bytes;
	return size < left ? size : left;
}

/* Sends what the session lacks, in the form that the host accepts. */
static int
send_rest(struct upload *upload)
{
	uint64_t size_bytes = upload->source->size_bytes;

	if (upload->taken_bytes == 0 && size_bytes <= policy_of(upload)->whole_limit_bytes)
		return go_on(upload, UPLOAD_WHOLE);
	if (upload->taken_bytes >= size_bytes)
		return go_on(upload, UPLOAD_COMMIT);
	upload->end_bytes = upload->taken_bytes + next_chunk_bytes(upload);
	return go_on(upload, UPLOAD_CHUNK);
}

static int
take_session(struct upload *upload, const struct request *request, struct error **err)
{
	close_session(upload);
	if (follow_session(upload, request, err) < 0)
		return -1;
	error_free(TAKE_PTR(upload->failure));
	policy_of(upload)->has_opened = true;
	return send_rest(upload);
}

/* A request with bytes got no answer, or a temporary refusal.  Takes the failure. */
static int
break_off(struct upload *upload, const struct request *request, struct error *failure,
	  struct error **err)
{
	int64_t pause_ms = request_pause_ms(request, &upload->tally);

	error_free(TAKE_PTR(upload->failure));
	if (pause_ms < 0)
		return error_pass(err, failure);
	retry_count_attempt(&upload->tally);
	upload->delay_ms = pause_ms;
	upload->failure = failure;
	observer_retry(engine_observer(upload->job.endpoint->registry->engine), error_text(failure),
		       pause_ms);
	/* A chunk does not complete the blob: ask the session, not for the blob. */
	return go_on(upload, upload->step == UPLOAD_CHUNK ? UPLOAD_STATUS : UPLOAD_RECHECK);
}

/* The session is gone, or cannot be completed: open a new one, once.  Takes the failure. */
static int
lose_session(struct upload *upload, struct error *failure, struct error **err)
{
	error_free(TAKE_PTR(upload->failure));
	if (upload->was_reopened)
		return error_pass(err, failure);
	upload->was_reopened = true;
	upload->failure = failure;
	close_session(upload);
	return go_on(upload, UPLOAD_RECHECK);
}

/* The chunk was accepted: continue behind it, unless Range reports another position. */
static int
take_acknowledgement(struct upload *upload, const struct request *request, struct error **err)
{
	uint64_t told_bytes;

	retry_count_progress(&upload->tally, upload->end_bytes - upload->taken_bytes);
	upload->taken_bytes = upload->end_bytes;
	if (request_header(request, "Location") && follow_session(upload, request, err) < 0)
		return -1;
	if (session_parse_range(request_header(request, "Range"), &told_bytes) &&
	    told_bytes != upload->taken_bytes)
		return go_on(upload, UPLOAD_STATUS);
	return send_rest(upload);
}

static int
shrink_chunk(struct upload *upload, uint64_t stated_bytes, struct error *failure,
	     struct error **err)
{
	uint64_t refused_bytes = upload->end_bytes - upload->taken_bytes;

	if (!upload_policy_refuse_chunk(policy_of(upload), refused_bytes, stated_bytes) ||
	    next_chunk_bytes(upload) >= refused_bytes)
		return give_up(upload, failure, err);
	error_free(failure);
	return send_rest(upload);
}

/* 416 means that the chunk is too big, or that it does not start where the session ends. */
static int
meet_chunk_refusal(struct upload *upload, int status, const struct problem *problem,
		   struct error *failure, struct error **err)
{
	uint64_t stated_bytes = 0;

	if (session_parse_limit(problem->message, &stated_bytes) || status == 413)
		return shrink_chunk(upload, stated_bytes, failure, err);
	error_free(upload->failure);
	upload->failure = failure;
	upload->doubts_size = true;
	return go_on(upload, UPLOAD_STATUS);
}

static int
judge_chunk(struct upload *upload, struct request *request, struct error **err)
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
	/* The registry forgot the session, or does not support PATCH: open a new one. */
	if (status == 400 || status == 404 || status == 405 || status == 501)
		return lose_session(upload, failure, err);
	if (retry_after_status(&upload->tally, status, false))
		return break_off(upload, request, failure, err);
	return give_up(upload, failure, err);
}

static int
judge_status(struct upload *upload, struct request *request, struct error **err)
{
	uint64_t offset_bytes = upload->taken_bytes;
	bool broke_off;

	if (request_status(request) / 100 == 2 && !answer_is_page(request)) {
		(void)session_parse_range(request_header(request, "Range"), &offset_bytes);
		if (request_header(request, "Location") && follow_session(upload, request, err) < 0)
			return -1;
	} else if (upload->failure && !upload->doubts_size) {
		close_session(upload);
		return go_on(upload, UPLOAD_OPEN);
	}
	if (offset_bytes > upload->source->size_bytes)
		offset_bytes = 0;
	broke_off = upload->failure && !upload->doubts_size;
	if (offset_bytes == upload->taken_bytes && upload->doubts_size) {
		upload->doubts_size = false;
		return shrink_chunk(upload, 0, TAKE_PTR(upload->failure), err);
	}
	/* The session holds more or less than it acknowledged.  That costs an attempt. */
	if (offset_bytes != upload->taken_bytes && !broke_off) {
		if (!retry_has_attempt(&upload->tally)) {
			error_set(err, ERROR_UNAVAILABLE,
				  "the registry loses bytes that it acknowledged");
			return error_set_class(err, CLASS_PROTOCOL);
		}
		retry_count_attempt(&upload->tally);
	}
	if (offset_bytes > upload->taken_bytes)
		retry_count_progress(&upload->tally, offset_bytes - upload->taken_bytes);
	upload->doubts_size = false;
	upload->taken_bytes = offset_bytes;
	error_free(TAKE_PTR(upload->failure));
	return send_rest(upload);
}

/* Ends the upload with the error that the answer describes. */
static int
refuse(struct upload *upload, const struct request *request, struct error **err)
{
	struct error *failure = NULL;

	(void)endpoint_refuse(upload->job.endpoint, ACCESS_PUSH, request, &failure);
	return give_up(upload, failure, err);
}

static int
open_session(struct upload *upload)
{
	bool is_single = upload_policy_try_single(policy_of(upload), upload->source->size_bytes);

	return go_on(upload, is_single ? UPLOAD_SINGLE : UPLOAD_OPEN);
}

/* A HEAD has no body that explains a refusal; the POST that follows gets one. */
static int
judge_check(struct upload *upload, struct request *request, struct error **err)
{
	int status = request_status(request);

	if (status == 200)
		return finish(upload, BLOB_EXISTED);
	if (status >= 500 || status == 429)
		return refuse(upload, request, err);
	return upload->mount_from ? go_on(upload, UPLOAD_MOUNT) : open_session(upload);
}

static int
check_digest(struct upload *upload, const struct request *request, enum blob_outcome outcome,
	     struct error **err)
{
	(void)finish(upload, outcome);
	return answer_check_digest(request, &upload->job.digest, err);
}

static int
judge_mount(struct upload *upload, struct request *request, struct error **err)
{
	int status = request_status(request);

	free(TAKE_PTR(upload->mount_from));
	if (status == 201)
		return check_digest(upload, request, BLOB_MOUNTED, err);
	if (status == 202)
		return take_session(upload, request, err);
	return open_session(upload);
}

static int
judge_open(struct upload *upload, struct request *request, struct error **err)
{
	if (request_status(request) != 202)
		return refuse(upload, request, err);
	return take_session(upload, request, err);
}

/* 202: the registry does not support this form and opened a session.  After any other refusal a
 * POST without a body gets the reason. */
static int
judge_single(struct upload *upload, struct request *request, struct error **err)
{
	int status = request_status(request);

	if (status == 201) {
		upload_policy_note_single(policy_of(upload));
		return check_digest(upload, request, BLOB_MOVED, err);
	}
	if (status == 202)
		return take_session(upload, request, err);
	return go_on(upload, UPLOAD_OPEN);
}

static bool
is_stored(int status)
{
	return status == 200 || status == 201 || status == 204;
}

/* A PUT was refused, and not because of its form. */
static int
meet_put_refusal(struct upload *upload, const struct request *request,
		 const struct problem *problem, struct error **err)
{
	int status = request_status(request);
	struct error *failure = NULL;

	if (problem_has_code(problem, "DIGEST_INVALID") &&
	    source_check(upload->source, &upload->job.digest, &failure) < 0)
		return give_up(upload, failure, err);
	(void)endpoint_refuse(upload->job.endpoint, ACCESS_PUSH, request, &failure);
	if (status == 400 || status == 404 || status == 416)
		return lose_session(upload, failure, err);
	if (retry_after_status(&upload->tally, status, false))
		return break_off(upload, request, failure, err);
	return give_up(upload, failure, err);
}

static int
judge_commit(struct upload *upload, struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };

	if (is_stored(request_status(request)))
		return check_digest(upload, request, BLOB_MOVED, err);
	problem_read(request, &problem);
	return meet_put_refusal(upload, request, &problem, err);
}

static bool
refuses_form(int status, const struct problem *problem)
{
	if (status == 413)
		return !problem_mentions(problem, "quota");
	return status == 405 || status == 416;
}

static int
judge_whole(struct upload *upload, struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	int status = request_status(request);
	uint64_t stated_bytes = 0;

	if (is_stored(status))
		return check_digest(upload, request, BLOB_MOVED, err);
	problem_read(request, &problem);
	(void)session_parse_limit(problem.message, &stated_bytes);
	if (!refuses_form(status, &problem))
		return meet_put_refusal(upload, request, &problem, err);
	if (!upload_policy_refuse_whole(policy_of(upload), status, upload->source->size_bytes,
					stated_bytes))
		return refuse(upload, request, err);
	return send_rest(upload);
}

/* The connection may have broken after the registry had received all bytes. */
static int
judge_recheck(struct upload *upload, struct request *request, struct error **err)
{
	(void)err;
	if (request_status(request) == 200)
		return finish(upload, BLOB_MOVED);
	return go_on(upload, upload->session_url ? UPLOAD_STATUS : UPLOAD_OPEN);
}

static int
judge_cancel(struct upload *upload, struct request *request, struct error **err)
{
	(void)request;
	return error_pass(err, TAKE_PTR(upload->failure));
}

/* The request of each step, and what its answer leads to. */
static const struct {
	int (*start)(struct upload *upload, struct error **err);
	int (*judge)(struct upload *upload, struct request *request, struct error **err);
} steps[] = {
	[UPLOAD_CHECK] = { start_check, judge_check },
	[UPLOAD_MOUNT] = { start_mount, judge_mount },
	[UPLOAD_OPEN] = { start_open, judge_open },
	[UPLOAD_SINGLE] = { start_single, judge_single },
	[UPLOAD_WHOLE] = { start_whole, judge_whole },
	[UPLOAD_CHUNK] = { start_chunk, judge_chunk },
	[UPLOAD_COMMIT] = { start_commit, judge_commit },
	[UPLOAD_RECHECK] = { start_check, judge_recheck },
	[UPLOAD_STATUS] = { start_status, judge_status },
	[UPLOAD_CANCEL] = { start_cancel, judge_cancel },
};

static bool
is_sending(const struct upload *upload)
{
	return upload->step == UPLOAD_WHOLE || upload->step == UPLOAD_CHUNK ||
	       upload->step == UPLOAD_COMMIT;
}

/* The request got no answer.  Takes the failure. */
static int
judge_failure(struct upload *upload, const struct request *request, struct error *failure,
	      struct error **err)
{
	if (is_sending(upload) && error_is(failure, ERROR_UNAVAILABLE))
		return break_off(upload, request, failure, err);
	if (is_sending(upload))
		return give_up(upload, failure, err);
	if (upload->step == UPLOAD_SINGLE && error_is(failure, ERROR_UNAVAILABLE)) {
		error_free(failure);
		return go_on(upload, UPLOAD_OPEN);
	}
	if (upload->failure && !error_is(failure, ERROR_TIMEOUT)) {
		error_free(failure);
		failure = TAKE_PTR(upload->failure);
	}
	return error_pass(err, failure);
}

static void
on_answer(void *context, struct request *request)
{
	struct upload *upload = context;
	struct error *none = request_take_error(request);
	struct error *failure = NULL;
	int result = none ? judge_failure(upload, request, none, &failure)
			  : steps[upload->step].judge(upload, request, &failure);

	if (result == 0 && upload->step != UPLOAD_DONE)
		result = steps[upload->step].start(upload, &failure);
	if (result < 0 || upload->step == UPLOAD_DONE)
		blob_job_end(&upload->job, upload->outcome, failure);
}

static void
upload_free(struct blob_job *job)
{
	struct upload *upload = (struct upload *)job;

	request_free(job->request);
	error_free(upload->failure);
	free(upload->session_url);
	free(upload->mount_from);
	free(upload);
}

static struct upload *
upload_new(struct endpoint *endpoint, const struct blob_upload *asked)
{
	struct upload *upload = XNEW(struct upload);

	upload->job.free = upload_free;
	upload->job.endpoint = endpoint;
	upload->job.digest = asked->digest;
	upload->source = asked->source;
	upload->mount_from = xstrdup_null(asked->mount_from);
	upload->scope_auth = endpoint_scope_auth(endpoint, ACCESS_PUSH, asked->mount_from);
	upload->step = UPLOAD_CHECK;
	if (asked->skip_check)
		upload->step = asked->mount_from ? UPLOAD_MOUNT : UPLOAD_OPEN;
	retry_count_attempt(&upload->tally);
	return upload;
}

struct blob_job *
registry_put_blob(struct endpoint *endpoint, const struct blob_upload *asked, blob_done *done,
		  void *context, struct error **err)
{
	struct upload *upload = upload_new(endpoint, asked);

	upload->job.done = done;
	upload->job.context = context;
	if (steps[upload->step].start(upload, err) < 0) {
		blob_job_free(&upload->job);
		return NULL;
	}
	return &upload->job;
}
