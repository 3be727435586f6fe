/*
 * One blob to a registry:
 *
 *     check --404--> mount --202--> send --201--> done
 *       |              |             ^  |
 *       |              | 4xx         |  | broken
 *       |              v             |  v
 *       |            open ---202-----+ recheck --200--> done
 *       |              ^                 |
 *       +--200-> done  +------404--------+     cancel: the session of a sending that we gave up
 *
 * distribution-spec, "Pushing blobs": "POST then PUT", "Mounting a blob from another repository".
 */
#include "registry/blobs.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request.h"
#include "registry/answer.h"
#include "registry/blob_job.h"
#include "registry/endpoint.h"
#include "registry/gate.h"
#include "registry/host.h"
#include "registry/session_url.h"
#include "stream/source.h"

enum step { STEP_CHECK, STEP_MOUNT, STEP_OPEN, STEP_SEND, STEP_RECHECK, STEP_CANCEL, STEP_DONE };

struct upload {
	struct blob_job job;
	enum step step;
	enum blob_outcome outcome; /* once done */
	struct gate *gate;
	const struct source *source;
	char *mount_from;  /* NULL: nowhere, or tried */
	char *session_url; /* where to send to */
	unsigned sendings;
	struct error *failure; /* of a sending, until it is known what became of it */
};

static void on_answer(void *context, struct request *request);

static int
start_request(struct upload *upload, const struct request_options *options, struct error **err)
{
	request_free(upload->job.request);
	upload->job.request = request_start(upload->job.endpoint->registry->engine, options,
					    on_answer, upload, err);
	return upload->job.request ? 0 : -1;
}

static int
start_check(struct upload *upload, struct error **err)
{
	AUTO_FREE char *url = blob_url(upload->job.endpoint, &upload->job.digest, err);
	struct request_options options = {
		.method = HTTP_HEAD,
		.url = url,
		.authorizer = gate_authorizer(upload->gate),
	};

	return url ? start_request(upload, &options, err) : -1;
}

static int
start_post(struct upload *upload, const char *url, struct error **err)
{
	struct request_options options = {
		.method = HTTP_POST,
		.url = url,
		.authorizer = gate_authorizer(upload->gate),
		.flags = REQUEST_NO_REDIRECT,
	};

	return start_request(upload, &options, err);
}

static int
start_open(struct upload *upload, struct error **err)
{
	AUTO_FREE char *url = endpoint_url(upload->job.endpoint, "/blobs/uploads/", err);

	return url ? start_post(upload, url, err) : -1;
}

static int
start_mount(struct upload *upload, struct error **err)
{
	AUTO_FREE char *base = endpoint_url(upload->job.endpoint, "/blobs/uploads/", err);
	AUTO_FREE char *what = NULL;
	AUTO_FREE char *url = NULL;

	if (!base)
		return -1;
	what = url_add_query(base, "mount", digest_text(&upload->job.digest).text, err);
	if (!what)
		return -1;
	url = url_add_query(what, "from", upload->mount_from, err);
	return url ? start_post(upload, url, err) : -1;
}

/* A session on another origin is reached by its URL alone: it may be a signed one. */
static struct authorizer *
session_authorizer(const struct upload *upload)
{
	return session_url_is_own(upload->job.endpoint, upload->session_url)
		       ? gate_authorizer(upload->gate)
		       : NULL;
}

static int
start_send(struct upload *upload, struct error **err)
{
	AUTO_FREE char *url = url_add_query(upload->session_url, "digest",
					    digest_text(&upload->job.digest).text, err);
	struct request_options options = {
		.method = HTTP_PUT,
		.url = url,
		.named_by = upload->job.endpoint->host->url,
		.content_type = "application/octet-stream",
		.source = upload->source,
		.authorizer = session_authorizer(upload),
		.flags = REQUEST_NO_REDIRECT | REQUEST_NO_RETRY | REQUEST_UNTIMED,
	};

	upload->sendings++;
	return url ? start_request(upload, &options, err) : -1;
}

static int
start_cancel(struct upload *upload, struct error **err)
{
	struct request_options options = {
		.method = HTTP_DELETE,
		.url = upload->session_url,
		.named_by = upload->job.endpoint->host->url,
		.authorizer = session_authorizer(upload),
		.flags = REQUEST_NO_REDIRECT | REQUEST_NO_RETRY,
	};

	return start_request(upload, &options, err);
}

static int
refuse(const struct upload *upload, const struct request *request, struct error **err)
{
	return endpoint_refuse(upload->job.endpoint, ACCESS_PUSH, request, err);
}

static int
finish(struct upload *upload, enum blob_outcome outcome)
{
	upload->outcome = outcome;
	upload->step = STEP_DONE;
	return 0;
}

static int
go_on(struct upload *upload, enum step step)
{
	upload->step = step;
	return 0;
}

/* A HEAD gives no reason: what is refused here is refused again, with one, by the POST. */
static int
judge_check(struct upload *upload, struct request *request, struct error **err)
{
	int status = request_status(request);

	if (status == 200)
		return finish(upload, BLOB_EXISTED);
	if (status >= 500 || status == 429)
		return refuse(upload, request, err);
	return go_on(upload, upload->mount_from ? STEP_MOUNT : STEP_OPEN);
}

static int
take_session(struct upload *upload, const struct request *request, struct error **err)
{
	char *url = session_url_read(upload->job.endpoint, request, err);

	if (!url)
		return -1;
	free(upload->session_url);
	upload->session_url = url;
	return go_on(upload, STEP_SEND);
}

static int
judge_mount(struct upload *upload, struct request *request, struct error **err)
{
	int status = request_status(request);

	free(TAKE_PTR(upload->mount_from));
	if (status == 201) {
		finish(upload, BLOB_MOUNTED);
		return answer_check_digest(request, &upload->job.digest, err);
	}
	if (status == 202)
		return take_session(upload, request, err);
	return go_on(upload, STEP_OPEN);
}

static int
judge_open(struct upload *upload, struct request *request, struct error **err)
{
	if (request_status(request) != 202)
		return refuse(upload, request, err);
	return take_session(upload, request, err);
}

/* Lost sessions and broken servers; a refusal for good is none of them. */
static bool
may_send_again(int status)
{
	return status == 400 || status == 404 || status == 408 || status == 416 || status == 425 ||
	       status == 429 || (status >= 500 && status != 507);
}

static int
judge_send(struct upload *upload, struct request *request, struct error **err)
{
	int status = request_status(request);

	if (status == 201 || status == 200 || status == 204) {
		finish(upload, BLOB_MOVED);
		return answer_check_digest(request, &upload->job.digest, err);
	}
	if (!may_send_again(status))
		return refuse(upload, request, err);
	error_free(TAKE_PTR(upload->failure));
	refuse(upload, request, &upload->failure);
	return go_on(upload, STEP_RECHECK);
}

/* The connection may have broken after the registry had everything. */
static int
judge_recheck(struct upload *upload, struct request *request, struct error **err)
{
	if (request_status(request) == 200)
		return finish(upload, BLOB_MOVED);
	if (upload->sendings < SENDINGS_LIMIT_COUNT)
		return go_on(upload, STEP_OPEN);
	*err = TAKE_PTR(upload->failure);
	return -1;
}

static int
judge_cancel(struct upload *upload, struct request *request, struct error **err)
{
	(void)request;
	*err = TAKE_PTR(upload->failure);
	return -1;
}

struct step_ops {
	int (*start)(struct upload *upload, struct error **err);
	int (*judge)(struct upload *upload, struct request *request, struct error **err);
};

static const struct step_ops steps[] = {
	[STEP_CHECK] = { start_check, judge_check },
	[STEP_MOUNT] = { start_mount, judge_mount },
	[STEP_OPEN] = { start_open, judge_open },
	[STEP_SEND] = { start_send, judge_send },
	[STEP_RECHECK] = { start_check, judge_recheck },
	[STEP_CANCEL] = { start_cancel, judge_cancel },
};

/* There was no answer.  Takes the failure. */
static int
judge_failure(struct upload *upload, struct error *failure, struct error **err)
{
	if (upload->step == STEP_SEND) {
		bool is_passing = error_is(failure, ERROR_UNAVAILABLE);

		error_free(upload->failure);
		upload->failure = failure;
		return go_on(upload, is_passing ? STEP_RECHECK : STEP_CANCEL);
	}
	if (!upload->failure) {
		*err = failure;
		return -1;
	}
	error_free(failure);
	*err = TAKE_PTR(upload->failure);
	return -1;
}

static void
on_answer(void *context, struct request *request)
{
	struct upload *upload = context;
	struct error *none = request_take_error(request);
	struct error *failure = NULL;
	int result = none ? judge_failure(upload, none, &failure)
			  : steps[upload->step].judge(upload, request, &failure);

	if (result == 0 && upload->step != STEP_DONE)
		result = steps[upload->step].start(upload, &failure);
	if (result < 0 || upload->step == STEP_DONE)
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

struct blob_job *
registry_put_blob(struct endpoint *endpoint, const struct blob_upload *asked, blob_done *done,
		  void *context, struct error **err)
{
	struct upload *upload = XNEW(struct upload);

	upload->job = (struct blob_job){
		.free = upload_free,
		.endpoint = endpoint,
		.digest = asked->digest,
		.done = done,
		.context = context,
	};
	upload->source = asked->source;
	upload->mount_from = xstrdup_null(asked->mount_from);
	upload->gate = endpoint_gate(endpoint, ACCESS_PUSH, asked->mount_from);
	upload->step = STEP_CHECK;
	if (asked->skip_check)
		upload->step = asked->mount_from ? STEP_MOUNT : STEP_OPEN;
	if (steps[upload->step].start(upload, err) < 0) {
		blob_job_free(&upload->job);
		return NULL;
	}
	return &upload->job;
}
