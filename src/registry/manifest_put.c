#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request.h"
#include "oci/media_type.h"
#include "oci/referrer.h"
#include "registry/answer.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/manifest_url.h"
#include "registry/manifests.h"
#include "registry/problem.h"
#include "registry/referrers.h"
#include "stream/source.h"

static struct request *
ask(struct endpoint *endpoint, enum http_method method, const char *reference, struct error **err)
{
	AUTO_FREE char *url = manifest_url(endpoint, reference, err);
	struct request_options options = {
		.method = method,
		.url = url,
		.accept = MEDIA_ACCEPT_MANIFESTS,
		.flags = REQUEST_NO_REDIRECT,
	};

	if (!url)
		return NULL;
	return endpoint_perform(endpoint, ACCESS_PULL, &options, err);
}

/* The whole manifest: where a HEAD is refused or does not name the digest. */
static int
has_by_get(struct endpoint *endpoint, const char *reference, bool *ret_found,
	   struct digest *ret_digest, struct error **err)
{
	AUTO_REQUEST struct request *request = ask(endpoint, HTTP_GET, reference, err);
	int status = request ? request_status(request) : 0;
	const struct buf *body;

	if (!request)
		return -1;
	if ((status != 200 && status != 404) || (status == 200 && answer_is_page(request)))
		return endpoint_refuse(endpoint, ACCESS_PULL, request, err);
	*ret_found = status == 200;
	body = request_body(request);
	*ret_digest = digest_of(DIGEST_SHA256, body->data, body->size);
	return 0;
}

static int
has_manifest(struct endpoint *endpoint, const char *reference, bool *ret_found,
	     struct digest *ret_digest, struct error **err)
{
	AUTO_REQUEST struct request *request = ask(endpoint, HTTP_HEAD, reference, err);
	bool is_named = false;

	if (!request)
		return -1;
	if (request_status(request) == 404) {
		*ret_found = false;
		return 0;
	}
	if (request_status(request) == 200 &&
	    answer_find_digest(request, ret_digest, &is_named, err) < 0)
		return -1;
	if (!is_named)
		return has_by_get(endpoint, reference, ret_found, ret_digest, err);
	*ret_found = true;
	return 0;
}

int
registry_has_manifest(struct endpoint *endpoint, const char *reference, bool *ret_found,
		      struct digest *ret_digest, struct error **err)
{
	struct digest digest;

	if (manifest_reference_parse(reference, &digest, err) < 0)
		return -1;
	if (has_manifest(endpoint, reference, ret_found, ret_digest, err) < 0)
		return manifest_wrap(endpoint, reference, err);
	if (*ret_found && digest.algorithm != DIGEST_NONE)
		*ret_digest = digest;
	return 0;
}

static bool
lacks_blob(const struct problem *problem)
{
	return problem_has_code(problem, "MANIFEST_BLOB_UNKNOWN") ||
	       problem_has_code(problem, "BLOB_UNKNOWN") ||
	       problem_has_code(problem, "MANIFEST_UNKNOWN");
}

static bool
is_tag_conflict(const struct problem *problem)
{
	if (problem->http_status == 409 || problem->http_status == 412)
		return true;
	return problem->http_status == 400 && problem_mentions(problem, "immutable");
}

/* What is put where. */
struct placing {
	struct endpoint *endpoint;
	const char *tag;       /* NULL: by digest alone */
	const char *reference; /* the tag, or the digest */
	const struct descriptor *descriptor;
	const void *bytes;
};

/* A tag that may not be overwritten holds what we would have written: nothing to do. */
static int
meet_conflict(const struct placing *placing, struct error **err)
{
	struct digest digest;
	bool found = false;

	if (registry_has_manifest(placing->endpoint, placing->reference, &found, &digest, err) < 0)
		return error_wrap(err, "the registry does not let the tag be overwritten");
	if (found && digest_equal(&digest, &placing->descriptor->digest))
		return 0;
	error_set(err, ERROR_REFUSED, "the registry does not let the tag be overwritten");
	return error_set_class(err, "tag_conflict");
}

static int
judge_refusal(const struct placing *placing, const struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };

	problem_read(request, &problem);
	if (is_tag_conflict(&problem))
		return meet_conflict(placing, err);
	if (lacks_blob(&problem)) {
		error_set(err, ERROR_CONTENT, "the registry lacks a part of it: %s",
			  problem.message ? problem.message : problem.code);
		return error_set_class(err, "blob_unknown");
	}
	return endpoint_refuse(placing->endpoint, ACCESS_PUSH, request, err);
}

/* The registry has not said that it lists the manifest among the referrers of its subject. */
static int
list_with_subject(const struct placing *placing, const struct put_result *put_result,
		  struct error **err)
{
	AUTO_REFERRER struct referrer referrer = { 0 };
	bool found = false;

	if (referrer_parse(placing->descriptor, placing->bytes, &referrer, &found, err) < 0)
		return -1;
	referrer.entry.digest = put_result->digest;
	return found ? registry_add_referrer(placing->endpoint, &referrer.subject, &referrer.entry,
					     err)
		     : 0;
}

static struct request *
send_manifest(const struct placing *placing, const char *url, struct error **err)
{
	const struct descriptor *descriptor = placing->descriptor;
	struct endpoint *endpoint = placing->endpoint;
	struct source source = source_of_bytes(placing->bytes, descriptor->size_bytes);
	struct request_options options = {
		.method = HTTP_PUT,
		.url = url,
		.content_type = descriptor->media_type,
		.source = &source,
		.flags = REQUEST_NO_REDIRECT,
	};

	return endpoint_perform(endpoint, ACCESS_PUSH, &options, err);
}

/* Under which digest, as the answer says; it must be one of these bytes. */
static int
read_put_result(const struct placing *placing, const struct request *request,
		struct put_result *put_result, struct error **err)
{
	const struct descriptor *descriptor = placing->descriptor;
	struct digest named = { .algorithm = DIGEST_NONE };

	if (answer_find_digest(request, &named, &put_result->is_told, err) < 0)
		return -1;
	put_result->digest = descriptor->digest;
	if (named.algorithm != DIGEST_NONE && named.algorithm != put_result->digest.algorithm)
		put_result->digest =
			digest_of(named.algorithm, placing->bytes, descriptor->size_bytes);
	return answer_check_digest(request, &put_result->digest, err);
}

static int
judge_put(const struct placing *placing, const struct request *request,
	  struct put_result *put_result, struct error **err)
{
	put_result->digest = placing->descriptor->digest;
	put_result->is_told = true;
	if (request_status(request) / 100 != 2)
		return judge_refusal(placing, request, err);
	if (answer_is_page(request))
		return endpoint_refuse(placing->endpoint, ACCESS_PUSH, request, err);
	if (read_put_result(placing, request, put_result, err) < 0)
		return -1;
	return request_header(request, "OCI-Subject") ? 0
						      : list_with_subject(placing, put_result, err);
}

static int
put_by_one(const struct placing *placing, struct put_result *put_result, struct error **err)
{
	AUTO_FREE char *url = manifest_url(placing->endpoint, placing->reference, err);
	AUTO_REQUEST struct request *request = url ? send_manifest(placing, url, err) : NULL;

	return request ? judge_put(placing, request, put_result, err) : -1;
}

static bool
names_tag(const struct placing *placing, const struct request *request)
{
	const char *named = request_header(request, "OCI-Tag");

	return named && strcmp(named, placing->tag) == 0;
}

/* distribution-spec, "Pushing Manifests": PUT by digest with "?tag=", and OCI-Tag in the answer.
 * *ret_done false: the registry has not heard of that, or takes no such digest. */
static int
put_by_both(const struct placing *placing, struct put_result *put_result, bool *ret_done,
	    struct error **err)
{
	struct digest_text digest = digest_text(&placing->descriptor->digest);
	AUTO_FREE char *base = manifest_url(placing->endpoint, digest.text, err);
	AUTO_FREE char *url = base ? url_add_query(base, "tag", placing->tag, err) : NULL;
	AUTO_REQUEST struct request *request = url ? send_manifest(placing, url, err) : NULL;

	if (!request)
		return -1;
	if (request_status(request) == 400 ||
	    (request_status(request) / 100 == 2 && !names_tag(placing, request)))
		return 0;
	*ret_done = true;
	return judge_put(placing, request, put_result, err);
}

static int
put_manifest(const struct placing *placing, struct put_result *put_result, struct error **err)
{
	bool is_done = false;

	if (placing->tag && placing->descriptor->digest.algorithm != DIGEST_SHA256 &&
	    put_by_both(placing, put_result, &is_done, err) < 0)
		return -1;
	return is_done ? 0 : put_by_one(placing, put_result, err);
}

int
registry_put_manifest(struct endpoint *endpoint, const char *tag,
		      const struct descriptor *descriptor, const void *bytes,
		      struct put_result *ret_result, struct error **err)
{
	struct digest_text digest = digest_text(&descriptor->digest);
	struct placing placing = { endpoint, tag, tag ? tag : digest.text, descriptor, bytes };
	struct put_result put_result = { 0 };
	struct digest ignored;

	if (manifest_reference_parse(placing.reference, &ignored, err) < 0)
		return -1;
	if (put_manifest(&placing, &put_result, err) < 0)
		return manifest_wrap(endpoint, placing.reference, err);
	*ret_result = put_result;
	return 0;
}
