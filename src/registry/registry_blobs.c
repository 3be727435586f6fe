#include "registry/registry_blobs.h"

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/request.h"
#include "registry/auth/scope_auth.h"
#include "registry/blob_job.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "stream/body.h"

/* From the mirrors in turn, then from the origin. */
struct download {
	struct blob_job job;
	struct body *body;
	size_t next_mirror; /* of the endpoint's; the origin comes after the last */
	struct endpoint *asked;
	bool was_reconsidered; /* by scope_auth_reconsider(), once */
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

static void on_answer(void *context, struct request *request);

static int
start(struct download *download, struct error **err)
{
	struct endpoint *asked = download->asked;
	AUTO_FREE char *url = blob_url(asked, &download->job.digest, err);
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.body = download->body,
		.authorizer = scope_auth_authorizer(endpoint_scope_auth(asked, ACCESS_PULL, NULL)),
		.flags = REQUEST_UNTIMED | (asked->mirrored ? REQUEST_NO_RETRY : 0),
	};

	if (!url)
		return -1;
	request_free(download->job.request);
	download->job.request =
		request_start(asked->registry->engine, &options, on_answer, download, err);
	return download->job.request ? 0 : -1;
}

/* A mirror that fails costs a request, never the blob. */
static bool
may_try_next(struct download *download, const struct error *failure)
{
	struct endpoint *endpoint = download->job.endpoint;

	if (!download->asked->mirrored || error_is(failure, ERROR_LOCAL) ||
	    error_is(failure, ERROR_TIMEOUT))
		return false;
	observer_tell(engine_observer(endpoint->registry->engine), EVENT_TRACE,
		      "the mirror '%s' does not give the blob: %s", download->asked->host->name,
		      error_text(failure));
	download->asked = download->next_mirror < endpoint->mirror_count
				  ? endpoint->mirrors[download->next_mirror++]
				  : endpoint;
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
judge(const struct download *download, struct request *request, struct error **err)
{
	struct error *failure = request_take_error(request);
	int status = request_status(request);

	if (failure)
		return error_pass(err, failure);
	if (status == 200 || status == 206)
		return 0;
	if (status == 404) {
		error_set(err, ERROR_CONTENT, "'%s/%s' does not have it",
			  download->asked->host->name, download->asked->name);
		return error_set_class(err, "blob_unknown");
	}
	return endpoint_refuse(download->asked, ACCESS_PULL, request, err);
}

static void
on_answer(void *context, struct request *request)
{
	struct download *download = context;
	struct error *failure = NULL;
	struct error *trouble = NULL;

	if (judge(download, request, &failure) == 0) {
		blob_job_end(&download->job, BLOB_MOVED, NULL);
		return;
	}
	if (!may_ask_again(download, request) && !may_try_next(download, failure)) {
		blob_job_end(&download->job, BLOB_MOVED, failure);
		return;
	}
	error_free(failure);
	if (start(download, &trouble) < 0)
		blob_job_end(&download->job, BLOB_MOVED, trouble);
}

static void
download_free(struct blob_job *job)
{
	request_free(job->request);
	free((struct download *)job);
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
	download->asked =
		endpoint->mirror_count > 0 ? endpoint->mirrors[download->next_mirror++] : endpoint;
	if (start(download, err) < 0) {
		blob_job_free(&download->job);
		return NULL;
	}
	return &download->job;
}
