#include "base/error.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "registry/endpoint.h"
#include "registry/gate.h"
#include "registry/upload.h"

int
upload_go_on(struct upload *upload, enum upload_step step)
{
	upload->step = step;
	return 0;
}

int
upload_finish(struct upload *upload, enum blob_outcome outcome)
{
	upload->outcome = outcome;
	return upload_go_on(upload, UPLOAD_DONE);
}

static bool
may_pass(const struct error *failure)
{
	return error_is(failure, ERROR_UNAVAILABLE) || error_is(failure, ERROR_RATE) ||
	       error_is(failure, ERROR_TIMEOUT);
}

int
upload_give_up(struct upload *upload, struct error *failure, struct error **err)
{
	error_free(TAKE_PTR(upload->failure));
	if (!upload->session_url || may_pass(failure))
		return error_pass(err, failure);
	upload->failure = failure;
	return upload_go_on(upload, UPLOAD_CANCEL);
}

static bool
is_sending(const struct upload *upload)
{
	return upload->step == UPLOAD_WHOLE || upload->step == UPLOAD_CHUNK ||
	       upload->step == UPLOAD_COMMIT;
}

/* There was no answer.  Takes the failure. */
static int
judge_failure(struct upload *upload, const struct request *request, struct error *failure,
	      struct error **err)
{
	if (is_sending(upload) && error_is(failure, ERROR_UNAVAILABLE))
		return upload_break_off(upload, request, failure, err);
	if (is_sending(upload))
		return upload_give_up(upload, failure, err);
	if (upload->step == UPLOAD_SINGLE && error_is(failure, ERROR_UNAVAILABLE)) {
		error_free(failure);
		return upload_go_on(upload, UPLOAD_OPEN);
	}
	if (upload->failure && !error_is(failure, ERROR_TIMEOUT)) {
		error_free(failure);
		failure = TAKE_PTR(upload->failure);
	}
	return error_pass(err, failure);
}

void
upload_on_answer(void *context, struct request *request)
{
	struct upload *upload = context;
	struct error *none = request_take_error(request);
	struct error *failure = NULL;
	int result = none ? judge_failure(upload, request, none, &failure)
			  : upload_judge(upload, request, &failure);

	if (result == 0 && upload->step != UPLOAD_DONE)
		result = upload_start_step(upload, &failure);
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
	upload->gate = endpoint_gate(endpoint, ACCESS_PUSH, asked->mount_from);
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
	if (upload_start_step(upload, err) < 0) {
		blob_job_free(&upload->job);
		return NULL;
	}
	return &upload->job;
}
