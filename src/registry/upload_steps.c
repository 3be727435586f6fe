#include <inttypes.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request.h"
#include "registry/endpoint.h"
#include "registry/gate.h"
#include "registry/host.h"
#include "registry/session_url.h"
#include "registry/upload.h"
#include "stream/source.h"

#define BLOB_CONTENT_TYPE "application/octet-stream"

static int
start_request(struct upload *upload, struct request_options *options, struct error **err)
{
	const struct endpoint *endpoint = upload->job.endpoint;

	options->flags |= REQUEST_NO_REDIRECT;
	options->pace = &endpoint->host->writes;
	options->delay_ms = upload->delay_ms;
	upload->delay_ms = 0;
	request_free(upload->job.request);
	upload->job.request =
		request_start(endpoint->registry->engine, options, upload_on_answer, upload, err);
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

/* `source` NULL: without a body.  One that carries a blob is ours to judge when it breaks off. */
static int
post(struct upload *upload, const char *url, const struct source *source, struct error **err)
{
	struct request_options options = {
		.method = HTTP_POST,
		.url = url,
		.content_type = source ? BLOB_CONTENT_TYPE : NULL,
		.source = source,
		.authorizer = gate_authorizer(upload->gate),
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

/* distribution-spec, "Pushing a blob in chunks": what is no SHA-256 is said beforehand. */
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

/* A session on another origin is reached by its URL alone: it may be a signed one. */
static struct authorizer *
session_authorizer(const struct upload *upload)
{
	return session_url_is_own(upload->job.endpoint, upload->session_url)
		       ? gate_authorizer(upload->gate)
		       : NULL;
}

/* To the session.  A sending that breaks off is ours to judge, not to be repeated as it was. */
static struct request_options
to_session(const struct upload *upload, enum http_method method, const char *url)
{
	return (struct request_options){
		.method = method,
		.url = url,
		.named_by = upload->job.endpoint->host->url,
		.authorizer = session_authorizer(upload),
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

/* distribution-spec, "Pushing a blob in chunks": the range has no unit, and its end is a byte. */
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

/* ghcr.io answers 405, and lets the session expire: how this ends does not matter. */
static int
start_cancel(struct upload *upload, struct error **err)
{
	struct request_options options = to_session(upload, HTTP_DELETE, upload->session_url);

	options.flags = REQUEST_NO_RETRY;
	return start_request(upload, &options, err);
}

typedef int step_start(struct upload *upload, struct error **err);

int
upload_start_step(struct upload *upload, struct error **err)
{
	static step_start *const starts[] = {
		[UPLOAD_CHECK] = start_check,   [UPLOAD_MOUNT] = start_mount,
		[UPLOAD_OPEN] = start_open,     [UPLOAD_SINGLE] = start_single,
		[UPLOAD_WHOLE] = start_whole,   [UPLOAD_CHUNK] = start_chunk,
		[UPLOAD_COMMIT] = start_commit, [UPLOAD_RECHECK] = start_check,
		[UPLOAD_STATUS] = start_status, [UPLOAD_CANCEL] = start_cancel,
	};

	return starts[upload->step](upload, err);
}
