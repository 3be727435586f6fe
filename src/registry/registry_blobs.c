/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry_blobs.h"

#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/ranges.h"
#include "http/request.h"
#include "registry/auth/scope_auth.h"
#include "registry/blob_job.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/mirror.h"
#include "registry/problem.h"
#include "registry/upload/upload_session.h"
#include "stream/body.h"

/* A download: from the mirrors in turn, then from the origin. */
struct download {
	struct blob_job job;
	struct body *body;
	struct ranges *ranges; /* of a large blob; NULL: one request brings it */
	size_t next_mirror;    /* of the endpoint's; the origin comes after the last */
	struct endpoint *asked;
	bool was_reconsidered; /* by scope_auth_reconsider(), once */
	bool is_patient;       /* the mirror was known to be warming */
	struct error *silence; /* of a mirror that is asked whether it is warming; NULL: none */
};

void
blob_job_free(struct blob_job *job)
{
	if (job)
		job->free(job);
}

void
blob_job_end(struct blob_job *job, enum blob_outcome outcome, struct error *failure)
{
	struct error *wrapped = failure;

	if (wrapped)
		error_wrap(&wrapped, "blob '%s'", digest_text(&job->digest).text);
	job->done(job->context, outcome, wrapped);
}

char *
blob_url(const struct endpoint *endpoint, const struct digest *digest, struct error **err)
{
	AUTO_FREE char *path = xasprintf("/blobs/%s", digest_text(digest).text);

	return endpoint_url(endpoint, path, err);
}

/* The next mirror, after the last the origin. */
static void
choose_source(struct download *download)
{
	struct endpoint *endpoint = download->job.endpoint;
	struct endpoint *mirror = mirror_next(endpoint, &download->next_mirror, false);

	download->asked = mirror ? mirror : endpoint;
}

static void on_answer(void *context, struct request *request);
static void on_ranges(void *context, struct request *request, struct error *failure);

/* Not from a mirror, which has one strike. */
static int
start(struct download *download, struct error **err)
{
	struct endpoint *asked = download->asked;
	AUTO_FREE char *url = blob_url(asked, &download->job.digest, err);
	const struct digest_text digest = digest_text(&download->job.digest);
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.blob = digest.text,
		.body = download->body,
		.authorizer = scope_auth_authorizer(endpoint_scope_auth(asked, ACCESS_PULL, NULL)),
		.flags = REQUEST_UNTIMED | mirror_request_flags(asked),
	};

	if (!url)
		return -1;
	download->is_patient = asked->host->is_warming;
	ranges_free(TAKE_PTR(download->ranges));
	request_free(TAKE_PTR(download->job.request));
	if (!asked->mirrored && ranges_fit(download->body)) {
		download->ranges =
			ranges_start(asked->registry->engine, &options, on_ranges, download, err);
		return download->ranges ? 0 : -1;
	}
	download->job.request =
		request_start(asked->registry->engine, &options, on_answer, download, err);
	return download->job.request ? 0 : -1;
}

/* On a mirror's failure, continue with the next mirror or the origin. */
static bool
may_try_next(struct download *download, const struct request *request, const struct error *failure)
{
	if (!download->asked->mirrored || error_is(failure, ERROR_LOCAL) ||
	    error_is(failure, ERROR_TIMEOUT))
		return false;
	mirror_note_failure(download->asked, request_status(request), failure,
			    digest_text(&download->job.digest).text);
	choose_source(download);
	return true;
}

static bool
may_ask_again(struct download *download, const struct request *request)
{
	if (download->was_reconsidered)
		return false;
	download->was_reconsidered = scope_auth_reconsider(
		endpoint_scope_auth(download->asked, ACCESS_PULL, NULL), request);
	return download->was_reconsidered;
}

static int
judge(const struct download *download, const struct request *request, struct error *failure,
      struct error **err)
{
	int status = request_status(request);

	if (failure)
		return error_pass(err, failure);
	if (status == 200 || status == 206)
		return 0;
	if (status == 404) {
		error_set(err, ERROR_CONTENT, "'%s/%s' does not have the blob",
			  download->asked->host->name, download->asked->name);
		return error_set_class(err, CLASS_BLOB_UNKNOWN);
	}
	return endpoint_refuse(download->asked, ACCESS_PULL, request, err);
}

static void
start_or_end(struct download *download)
{
	struct error *trouble = NULL;

	if (start(download, &trouble) < 0)
		blob_job_end(&download->job, BLOB_MOVED, trouble);
}

static void
on_whether_warming(void *context, struct request *answer)
{
	struct download *download = context;

	error_free(request_take_error(answer));
	if (!mirror_is_warming(download->asked, answer))
		(void)may_try_next(download, answer, download->silence);
	error_free(TAKE_PTR(download->silence));
	start_or_end(download);
}

/* The answer frees the request that it came from. */
static bool
asks_whether_warming(struct download *download, const struct request *request,
		     struct error *failure)
{
	AUTO_ERROR struct error *ignored = NULL;
	struct request *alive;

	if (download->is_patient ||
	    !mirror_may_be_warming(download->asked, request_status(request), failure))
		return false;
	alive = mirror_ask_whether_warming(download->asked, on_whether_warming, download, &ignored);
	if (!alive)
		return false;
	request_free(download->job.request);
	download->job.request = alive;
	download->silence = failure;
	return true;
}

static void
on_ranges(void *context, struct request *request, struct error *unanswered)
{
	struct download *download = context;
	struct error *failure = NULL;

	if (judge(download, request, unanswered, &failure) == 0) {
		blob_job_end(&download->job, BLOB_MOVED, NULL);
		return;
	}
	if (asks_whether_warming(download, request, failure))
		return;
	if (!may_ask_again(download, request) && !may_try_next(download, request, failure)) {
		blob_job_end(&download->job, BLOB_MOVED, failure);
		return;
	}
	error_free(failure);
	start_or_end(download);
}

static void
on_answer(void *context, struct request *request)
{
	on_ranges(context, request, request_take_error(request));
}

static void
download_free(struct blob_job *job)
{
	struct download *download = (struct download *)job;

	ranges_free(download->ranges);
	request_free(job->request);
	error_free(download->silence);
	free(download);
}

struct blob_job *
registry_get_blob(struct endpoint *endpoint, const struct digest *digest, struct body *body,
		  blob_done *done, void *context, struct error **err)
{
	struct download *download = XNEW(struct download);

	download->job = (struct blob_job){
		.free = download_free,
		.endpoint = endpoint,
		.digest = *digest,
		.done = done,
		.context = context,
	};
	download->body = body;
	choose_source(download);
	if (start(download, err) < 0) {
		blob_job_free(&download->job);
		return NULL;
	}
	return &download->job;
}

static struct request *
ask_for_blob(struct endpoint *endpoint, enum http_method method, const struct digest *digest,
	     struct error **err)
{
	AUTO_FREE char *url = blob_url(endpoint, digest, err);
	struct request_options options = { .method = method, .url = url };

	if (!url)
		return NULL;
	return endpoint_perform(endpoint, ACCESS_PULL, &options, err);
}

/* An answer to HEAD has no body with the reason. */
static int
refuse_missing(struct endpoint *endpoint, const struct digest *digest, struct error **err)
{
	AUTO_REQUEST struct request *request = ask_for_blob(endpoint, HTTP_GET, digest, err);
	AUTO_PROBLEM struct problem problem = { 0 };

	if (!request)
		return -1;
	problem_read(request, &problem);
	if (request_status(request) == 404 && problem_has_code(&problem, "BLOB_UNKNOWN"))
		return error_set(err, ERROR_ABSENT, "the registry does not have this blob");
	return endpoint_refuse_or_absent(endpoint, ACCESS_PULL, request, "blob", err);
}

static int
find_blob(struct endpoint *endpoint, const struct digest *digest, uint64_t *ret_size_bytes,
	  struct error **err)
{
	AUTO_REQUEST struct request *request = ask_for_blob(endpoint, HTTP_HEAD, digest, err);
	const char *length = request ? request_header(request, "Content-Length") : NULL;

	if (!request)
		return -1;
	if (request_status(request) == 404)
		return refuse_missing(endpoint, digest, err);
	if (request_status(request) != 200)
		return endpoint_refuse(endpoint, ACCESS_PULL, request, err);
	if (length && text_parse_uint(length, INT64_MAX, ret_size_bytes))
		return 0;
	error_set(err, ERROR_UNAVAILABLE, "no Content-Length in the answer to HEAD of a blob");
	return error_set_class(err, CLASS_PROTOCOL);
}

int
registry_find_blob(struct endpoint *endpoint, const struct digest *digest, uint64_t *ret_size_bytes,
		   struct error **err)
{
	if (find_blob(endpoint, digest, ret_size_bytes, err) < 0)
		return error_wrap(err, "blob '%s'", digest_text(digest).text);
	return 0;
}

bool
registry_cancel_upload(struct endpoint *endpoint, const struct request *opened)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *url = session_url_read(endpoint, opened, &ignored);
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_DELETE,
		.url = url,
		.named_by = endpoint->host->url,
		.flags = REQUEST_NO_REDIRECT | REQUEST_NO_RETRY,
	};

	if (url && session_url_is_own(endpoint, url))
		request = endpoint_perform(endpoint, ACCESS_PUSH, &options, &ignored);
	return request && request_status(request) / 100 == 2;
}

static int
probe(struct endpoint *endpoint, struct error **err)
{
	AUTO_FREE char *url = endpoint_url(endpoint, "/blobs/uploads/", err);
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_POST,
		.url = url,
		.flags = REQUEST_NO_REDIRECT,
	};

	if (!url)
		return -1;
	request = endpoint_perform(endpoint, ACCESS_PUSH, &options, err);
	if (!request)
		return -1;
	if (request_status(request) != 202)
		return endpoint_refuse(endpoint, ACCESS_PUSH, request, err);
	endpoint->host->uploads.has_opened = true;
	(void)registry_cancel_upload(endpoint, request);
	return 0;
}

int
registry_probe_push(struct endpoint *endpoint, struct error **err)
{
	if (probe(endpoint, err) < 0)
		return error_wrap(err, "cannot push to '%s/%s' (scope repository:%s:pull,push)",
				  endpoint->host->name, endpoint->name, endpoint->name);
	return 0;
}
