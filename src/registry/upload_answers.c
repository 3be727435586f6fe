#include "base/error.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "registry/answer.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/problem.h"
#include "registry/upload.h"
#include "registry/upload_parse.h"
#include "stream/source.h"

/* The registry's answer as the end of it. */
static int
refuse(struct upload *upload, const struct request *request, struct error **err)
{
	struct error *failure = NULL;

	(void)endpoint_refuse(upload->job.endpoint, ACCESS_PUSH, request, &failure);
	return upload_give_up(upload, failure, err);
}

static int
open_session(struct upload *upload)
{
	bool is_single = upload_memory_try_single(&upload->job.endpoint->host->uploads,
						  upload->source->size_bytes);

	return upload_go_on(upload, is_single ? UPLOAD_SINGLE : UPLOAD_OPEN);
}

/* A HEAD gives no reason: what is refused here is refused again, with one, by the POST. */
static int
judge_check(struct upload *upload, struct request *request, struct error **err)
{
	int status = request_status(request);

	if (status == 200)
		return upload_finish(upload, BLOB_EXISTED);
	if (status >= 500 || status == 429)
		return refuse(upload, request, err);
	return upload->mount_from ? upload_go_on(upload, UPLOAD_MOUNT) : open_session(upload);
}

static int
check_digest(struct upload *upload, const struct request *request, enum blob_outcome outcome,
	     struct error **err)
{
	(void)upload_finish(upload, outcome);
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
		return upload_take_session(upload, request, err);
	return open_session(upload);
}

static int
judge_open(struct upload *upload, struct request *request, struct error **err)
{
	if (request_status(request) != 202)
		return refuse(upload, request, err);
	return upload_take_session(upload, request, err);
}

/* 202 is the answer of who does not know this form; any other refusal is told again, to a POST
 * without a body. */
static int
judge_single(struct upload *upload, struct request *request, struct error **err)
{
	int status = request_status(request);

	if (status == 201) {
		upload_memory_note_single(&upload->job.endpoint->host->uploads);
		return check_digest(upload, request, BLOB_MOVED, err);
	}
	if (status == 202)
		return upload_take_session(upload, request, err);
	return upload_go_on(upload, UPLOAD_OPEN);
}

static bool
is_stored(int status)
{
	return status == 200 || status == 201 || status == 204;
}

/* What is left of a PUT's answer when the form was not the trouble. */
static int
meet_put_refusal(struct upload *upload, const struct request *request,
		 const struct problem *problem, struct error **err)
{
	int status = request_status(request);
	struct error *failure = NULL;

	if (problem_has_code(problem, "DIGEST_INVALID") &&
	    source_check(upload->source, &upload->job.digest, &failure) < 0)
		return upload_give_up(upload, failure, err);
	(void)endpoint_refuse(upload->job.endpoint, ACCESS_PUSH, request, &failure);
	if (status == 400 || status == 404 || status == 416)
		return upload_lose_session(upload, failure, err);
	if (retry_after_status(&upload->tally, status, false))
		return upload_break_off(upload, request, failure, err);
	return upload_give_up(upload, failure, err);
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
	(void)upload_parse_limit(problem.message, &stated_bytes);
	if (!refuses_form(status, &problem))
		return meet_put_refusal(upload, request, &problem, err);
	if (!upload_memory_refuse_whole(&upload->job.endpoint->host->uploads, status,
					upload->source->size_bytes, stated_bytes))
		return refuse(upload, request, err);
	return upload_send(upload);
}

/* The connection may have broken after the registry had everything. */
static int
judge_recheck(struct upload *upload, struct request *request, struct error **err)
{
	(void)err;
	if (request_status(request) == 200)
		return upload_finish(upload, BLOB_MOVED);
	return upload_go_on(upload, upload->session_url ? UPLOAD_STATUS : UPLOAD_OPEN);
}

static int
judge_cancel(struct upload *upload, struct request *request, struct error **err)
{
	(void)request;
	return error_pass(err, TAKE_PTR(upload->failure));
}

typedef int step_judge(struct upload *upload, struct request *request, struct error **err);

int
upload_judge(struct upload *upload, struct request *request, struct error **err)
{
	static step_judge *const judges[] = {
		[UPLOAD_CHECK] = judge_check,
		[UPLOAD_MOUNT] = judge_mount,
		[UPLOAD_OPEN] = judge_open,
		[UPLOAD_SINGLE] = judge_single,
		[UPLOAD_WHOLE] = judge_whole,
		[UPLOAD_CHUNK] = upload_judge_chunk,
		[UPLOAD_COMMIT] = judge_commit,
		[UPLOAD_RECHECK] = judge_recheck,
		[UPLOAD_STATUS] = upload_judge_status,
		[UPLOAD_CANCEL] = judge_cancel,
	};

	return judges[upload->step](upload, request, err);
}
