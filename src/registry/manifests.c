/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/manifests.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/origin.h"
#include "http/request.h"
#include "oci/digest.h"
#include "oci/document.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "oci/referrer.h"
#include "registry/answer.h"
#include "registry/auth/token_cache.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/mirror.h"
#include "registry/problem.h"
#include "registry/referrers.h"
#include "stream/source.h"

/* "/v2/<name>/manifests/<tag or digest>", by digest when there is one. */
static char *
manifest_url(const struct endpoint *endpoint, const char *tag, const struct digest *digest,
	     struct error **err)
{
	AUTO_FREE char *path = xasprintf("/manifests/%s", digest ? digest_text(digest).text : tag);

	return endpoint_url(endpoint, path, err);
}

static int
check_tag(const char *tag, const struct digest *digest, struct error **err)
{
	if (digest || reference_tag_is_valid(tag))
		return 0;
	return error_set(err, ERROR_USAGE, "invalid tag '%s'", QUOTED(tag));
}

/* The manifest that is requested. */
struct question {
	struct endpoint *endpoint;
	const char *tag;
	const struct digest *digest; /* NULL: by tag */
};

static struct request *
ask(const struct question *question, unsigned flags, struct error **err)
{
	struct endpoint *endpoint = question->endpoint;
	AUTO_FREE char *url = manifest_url(endpoint, question->tag, question->digest, err);
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.accept = MEDIA_ACCEPT_MANIFESTS,
		.flags = flags | mirror_request_flags(endpoint),
	};

	if (!url)
		return NULL;
	return endpoint_perform(endpoint, ACCESS_PULL, &options, err);
}

static void
read_evidence(const struct request *request, struct evidence *evidence)
{
	AUTO_PROBLEM struct problem problem = { 0 };

	evidence->http_status = request_status(request);
	evidence->challenged = evidence->challenged || request_was_challenged(request);
	evidence->authorized = request_was_authorized(request);
	evidence->is_elsewhere = request_left_origin(request);
	if (evidence->http_status == 200)
		return;
	problem_read(request, &problem);
	free(evidence->code);
	free(evidence->message);
	free(evidence->request_id);
	evidence->code = TAKE_PTR(problem.code);
	evidence->message = TAKE_PTR(problem.message);
	evidence->request_id = TAKE_PTR(problem.request_id);
	evidence->is_page = problem.is_page;
}

/* Hashes the bytes with the algorithm that the question or the answer names. */
static int
check_digest(const struct question *question, const struct request *request,
	     struct digest *ret_digest, struct error **err)
{
	const struct buf *body = request_body(request);
	struct digest expected = question->digest ? *question->digest : (struct digest){ 0 };
	bool is_named = question->digest;
	struct digest found;

	if (!is_named && answer_find_digest(request, &expected, &is_named, err) < 0)
		return -1;
	found = digest_of(is_named ? expected.algorithm : DIGEST_SHA256, body->data, body->size);
	if (is_named && !digest_equal(&found, &expected)) {
		error_set(err, ERROR_CONTENT, "the manifest's digest is '%s', not '%s'",
			  digest_text(&found).text, digest_text(&expected).text);
		return error_set_class(err, CLASS_DIGEST);
	}
	*ret_digest = found;
	return 0;
}

void
resolution_release(struct resolution *resolution)
{
	evidence_release(&resolution->evidence);
	descriptor_release(&resolution->descriptor);
	buf_release(&resolution->bytes);
	json_decref(resolution->value);
	*resolution = (struct resolution){ 0 };
}

int
resolution_describe(struct resolution *resolution, const struct digest *digest,
		    const char *media_type, struct error **err)
{
	AUTO_JSON json_t *value =
		document_parse(resolution->bytes.data, resolution->bytes.size, err);
	const char *own = json_string_value(json_object_get(value, "mediaType"));

	if (!value || manifest_kind(value, media_type, &resolution->kind, err) < 0)
		return -1;
	if (!media_type)
		media_type = own                                  ? own
			     : resolution->kind == DOCUMENT_INDEX ? MEDIA_OCI_INDEX
								  : MEDIA_OCI_MANIFEST;
	descriptor_release(&resolution->descriptor);
	resolution->descriptor = (struct descriptor){
		.media_type = xstrdup(media_type),
		.digest = *digest,
		.size_bytes = resolution->bytes.size,
	};
	json_decref(resolution->value);
	resolution->value = TAKE_PTR(value);
	return 0;
}

static int
refuse_page(const struct request *request, struct error **err)
{
	error_set(err, ERROR_UNAVAILABLE,
		  "the server sent a web page, not a manifest: its Content-Type is '%s'",
		  QUOTED(request_header(request, "Content-Type")));
	return error_set_class(err, CLASS_PROTOCOL);
}

static int
take_manifest(const struct question *question, const struct request *request,
	      struct resolution *resolution, struct error **err)
{
	const struct buf *body = request_body(request);
	AUTO_FREE char *type = answer_manifest_type(request);
	AUTO_RESOLUTION struct resolution found = { .bytes = BUF_INIT(MANIFEST_LIMIT_BYTES) };
	struct digest digest;

	if (answer_is_page(request))
		return refuse_page(request, err);
	if (buf_append(&found.bytes, body->data, body->size, err) < 0 ||
	    resolution_describe(&found, &(struct digest){ 0 }, type, err) < 0)
		return -1;
	if (found.kind == DOCUMENT_OTHER)
		return error_set(err, ERROR_CONTENT,
				 "the document is neither a manifest nor an index");
	if (check_digest(question, request, &digest, err) < 0)
		return -1;
	found.descriptor.digest = digest;
	found.evidence = resolution->evidence;
	*resolution = found;
	found = (struct resolution){ 0 };
	return 0;
}

static struct request *
ask_without_mirrors(struct endpoint *endpoint, enum http_method method, const char *tag,
		    const struct digest *digest, unsigned flags, struct error **err)
{
	AUTO_FREE char *url = manifest_url(endpoint, tag, digest, err);
	struct request_options options = {
		.method = method,
		.url = url,
		.accept = MEDIA_ACCEPT_MANIFESTS,
		.flags = flags | REQUEST_NO_REDIRECT,
	};

	if (!url)
		return NULL;
	return endpoint_perform(endpoint, ACCESS_PULL, &options, err);
}

/* A mirror that is silent while it fetches the image gets more time. */
static struct request *
ask_mirror(const struct question *question, struct error **err)
{
	struct endpoint *mirror = question->endpoint;
	bool was_warming = mirror->host->is_warming;
	AUTO_ERROR struct error *silence = NULL;
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_REQUEST struct request *request = ask(question, 0, &silence);
	AUTO_REQUEST struct request *alive = NULL;

	if (request || was_warming || !mirror_may_be_warming(mirror, 0, silence)) {
		if (silence)
			error_pass(err, TAKE_PTR(silence));
		return TAKE_PTR(request);
	}
	alive = mirror_ask_whether_warming(mirror, NULL, NULL, &ignored);
	if (alive && engine_wait(mirror->registry->engine, alive, &ignored) == 0 &&
	    mirror_is_warming(mirror, alive))
		return ask(question, 0, err);
	error_pass(err, TAKE_PTR(silence));
	return NULL;
}

static bool
try_mirror(const struct question *question, struct endpoint *mirror, struct resolution *resolution)
{
	struct question same = *question;
	AUTO_REQUEST struct request *request = NULL;
	AUTO_ERROR struct error *trouble = NULL;

	same.endpoint = mirror;
	request = ask_mirror(&same, &trouble);
	if (request && request_status(request) == 200 &&
	    take_manifest(&same, request, resolution, &trouble) == 0) {
		resolution->evidence.http_status = 200;
		resolution->evidence.presence = PRESENCE_PRESENT;
		return true;
	}
	if (request && request_status(request) != 200)
		endpoint_refuse(mirror, ACCESS_PULL, request, &trouble);
	mirror_note_failure(mirror, request ? request_status(request) : 0, trouble,
			    question->digest ? digest_text(question->digest).text : question->tag);
	return false;
}

/* Mirrors are asked by digest only, but for those that their operator trusts with tags; absence is
 * proven at the origin.  What a tag has there before and after it is set, no mirror knows. */
static bool
try_mirrors(const struct question *question, struct resolution *resolution)
{
	struct endpoint *mirror;
	size_t at = 0;

	if (!question->digest && question->endpoint->is_written)
		return false;
	while ((mirror = mirror_next(question->endpoint, &at, !question->digest)))
		if (try_mirror(question, mirror, resolution))
			return true;
	return false;
}

/* A pull-through cache keeps an image whose manifest it was asked for.  So the origin says what the
 * tag's digest is, and the manifest comes from the mirror. */
static bool
answered_by_mirrors(const struct question *question, struct resolution *resolution)
{
	struct question by_digest = *question;
	struct digest digest;
	size_t at = 0;
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_REQUEST struct request *request = NULL;
	bool is_named = false;

	if (try_mirrors(question, resolution))
		return true;
	if (question->digest || !mirror_next(question->endpoint, &at, false))
		return false;
	/* The digest that the tag has at the origin, for the mirrors.  Any trouble is met again,
	 * and told, by the question to the origin itself. */
	request = ask_without_mirrors(question->endpoint, HTTP_HEAD, question->tag, NULL,
				      REQUEST_NO_RETRY, &ignored);
	if (!request || request_status(request) != 200 ||
	    answer_find_digest(request, &digest, &is_named, &ignored) != 0 || !is_named)
		return false;
	by_digest.digest = &digest;
	return try_mirrors(&by_digest, resolution);
}

static int
ask_whether_registry(const struct question *question, bool *ret_answers, struct error **err)
{
	struct endpoint *endpoint = question->endpoint;
	AUTO_FREE char *url = xasprintf("%s/v2/", endpoint->host->url);
	struct request_options options = { .method = HTTP_GET,
					   .url = url,
					   .flags = REQUEST_NO_REDIRECT };
	AUTO_REQUEST struct request *request =
		endpoint_perform(endpoint, ACCESS_PULL, &options, err);

	if (!request)
		return -1;
	*ret_answers = request_status(request) == 200 && !answer_is_page(request);
	return 0;
}

static int
take_present(const struct question *question, const struct request *request,
	     struct resolution *resolution, struct error **err)
{
	if (take_manifest(question, request, resolution, err) < 0)
		return error_is(*err, ERROR_CONTENT) ? request_explain_content(request, err) : -1;
	resolution->evidence.presence = PRESENCE_PRESENT;
	return 0;
}

/* Judges the answer to the second request, which is final. */
static int
judge_again(const struct question *question, const struct request *again,
	    struct resolution *resolution, struct error **err)
{
	struct evidence *evidence = &resolution->evidence;

	read_evidence(again, evidence);
	if (evidence->http_status == 200)
		return take_present(question, again, resolution, err);
	evidence->confirmed = evidence->registry_answers && evidence->http_status == 404 &&
			      presence_judge_404(evidence) != ABSENCE_NOT_PROVEN;
	if (!evidence->confirmed) {
		endpoint_refuse(question->endpoint, ACCESS_PULL, again, err);
		return error_wrap(err,
				  "the registry first answered %s, and a second request did not "
				  "confirm that the "
				  "image is absent",
				  evidence->first_answer);
	}
	evidence->presence = PRESENCE_ABSENT;
	return 0;
}

static char *
describe_answer(const struct evidence *evidence)
{
	return xasprintf("%d%s%s", evidence->http_status, evidence->code ? " " : "",
			 evidence->code ? evidence->code : "");
}

/* A 404 without an error code may come from a proxy: ask whether /v2/ is a registry's, then ask for
 * the manifest again. */
static int
confirm_absence(const struct question *question, const struct request *request,
		struct resolution *resolution, struct error **err)
{
	struct evidence *evidence = &resolution->evidence;
	AUTO_REQUEST struct request *again = NULL;

	if (ask_whether_registry(question, &evidence->registry_answers, err) < 0)
		return error_wrap(err, "cannot confirm that the image is absent");
	if (!evidence->registry_answers) {
		endpoint_refuse(question->endpoint, ACCESS_PULL, request, err);
		return error_wrap(err, "the answer does not prove that the image is absent");
	}
	evidence->first_answer = describe_answer(evidence);
	again = ask(question, REQUEST_NEW_CONNECTION, err);
	if (!again)
		return error_wrap(err, "cannot confirm that the image is absent");
	return judge_again(question, again, resolution, err);
}

static int
judge_404(const struct question *question, const struct request *request,
	  struct resolution *resolution, struct error **err)
{
	switch (presence_judge_404(&resolution->evidence)) {
	case ABSENCE_PROVEN:
		resolution->evidence.presence = PRESENCE_ABSENT;
		return 0;
	case ABSENCE_NEEDS_CONFIRMATION:
		return confirm_absence(question, request, resolution, err);
	case ABSENCE_NOT_PROVEN:
		break;
	}
	endpoint_refuse(question->endpoint, ACCESS_PULL, request, err);
	return error_wrap(err, "the answer does not prove that the image is absent");
}

/* Requests damaged content once more, as for a layer.  Takes the failure. */
static int
ask_once_more(const struct question *question, struct error *failure, struct resolution *resolution,
	      struct error **err)
{
	AUTO_ERROR struct error *damage = failure;
	AUTO_REQUEST struct request *again = NULL;

	if (!error_is(damage, ERROR_CONTENT))
		return error_pass(err, TAKE_PTR(damage));
	observer_tell(engine_observer(question->endpoint->registry->engine), EVENT_RETRY, "%s",
		      error_text(damage));
	resolution->evidence.first_answer = describe_answer(&resolution->evidence);
	again = ask(question, 0, err);
	return again ? judge_again(question, again, resolution, err) : -1;
}

static int
ask_origin(const struct question *question, struct resolution *resolution, struct error **err)
{
	struct evidence *evidence = &resolution->evidence;
	AUTO_REQUEST struct request *request = ask(question, 0, err);
	struct error *failure = NULL;

	if (!request) {
		const struct error_remote *remote = error_remote(*err);

		/* A refused token request has an HTTP status too. */
		evidence->http_status = remote->http_status;
		evidence->code = xstrdup_null(remote->code);
		evidence->request_id = xstrdup_null(remote->request_id);
		return -1;
	}
	read_evidence(request, evidence);
	if (evidence->http_status == 404)
		return judge_404(question, request, resolution, err);
	if (evidence->http_status != 200)
		return endpoint_refuse(question->endpoint, ACCESS_PULL, request, err);
	if (take_present(question, request, resolution, &failure) == 0)
		return 0;
	return ask_once_more(question, failure, resolution, err);
}

static int
get_manifest(const struct question *question, struct resolution *resolution, struct error **err)
{
	resolution->evidence = (struct evidence){ .accept = xstrdup(MEDIA_ACCEPT_MANIFESTS) };
	if (answered_by_mirrors(question, resolution))
		return 0;
	if (ask_origin(question, resolution, err) < 0)
		return endpoint_wrap(question->endpoint, question->tag, question->digest, err);
	return 0;
}

int
registry_get_manifest(struct endpoint *endpoint, const char *tag, const struct digest *digest,
		      struct resolution *ret_resolution, struct error **err)
{
	struct question question = { endpoint, tag, digest };

	return check_tag(tag, digest, err) < 0 ? -1 : get_manifest(&question, ret_resolution, err);
}

/* RFC 3986, section 2.3: unreserved characters, which need no escape in a URL. */
static bool
is_unreserved(const char *name)
{
	size_t size = strspn(name, "-._~0123456789abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return size > 0 && name[size] == '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int
registry_get_listed_manifest(struct endpoint *endpoint, const char *name,
			     struct resolution *ret_resolution, struct error **err)
{
	struct question question = { .endpoint = endpoint, .tag = name };
	AUTO_ERROR struct error *ignored = NULL;
	struct digest digest;

	if (strchr(name, ':') && digest_parse(name, &digest, &ignored) == 0)
		question.digest = &digest;
	else if (!is_unreserved(name))
		return error_set(err, ERROR_REFUSED, "cannot request '%s': it is not a valid tag",
				 QUOTED(name));
	return get_manifest(&question, ret_resolution, err);
}

/* For registries that refuse HEAD or answer it without the digest. */
static int
has_by_get(struct endpoint *endpoint, const char *tag, const struct digest *digest, bool *ret_found,
	   struct digest *ret_digest, struct error **err)
{
	AUTO_REQUEST struct request *request =
		ask_without_mirrors(endpoint, HTTP_GET, tag, digest, 0, err);
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
has_manifest(struct endpoint *endpoint, const char *tag, const struct digest *digest,
	     bool *ret_found, struct digest *ret_digest, struct error **err)
{
	AUTO_REQUEST struct request *request =
		ask_without_mirrors(endpoint, HTTP_HEAD, tag, digest, 0, err);
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
		return has_by_get(endpoint, tag, digest, ret_found, ret_digest, err);
	*ret_found = true;
	return 0;
}

int
registry_has_manifest(struct endpoint *endpoint, const char *tag, const struct digest *digest,
		      bool *ret_found, struct digest *ret_digest, struct error **err)
{
	if (check_tag(tag, digest, err) < 0)
		return -1;
	if (has_manifest(endpoint, tag, digest, ret_found, ret_digest, err) < 0)
		return endpoint_wrap(endpoint, tag, digest, err);
	if (*ret_found && digest)
		*ret_digest = *digest;
	return 0;
}

#define PUT_ATTEMPTS 3
#define PUT_PAUSE_MS 100 /* more each time */

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

/* A PUT of a manifest. */
struct placing {
	struct endpoint *endpoint;
	const char *tag;             /* NULL: by digest alone */
	const struct digest *digest; /* NULL: by tag */
	const struct descriptor *descriptor;
	const void *bytes;
};

/* An immutable tag that already names this manifest is a success. */
static int
meet_conflict(const struct placing *placing, struct error **err)
{
	struct digest digest;
	bool found = false;

	if (registry_has_manifest(placing->endpoint, placing->tag, placing->digest, &found, &digest,
				  err) < 0)
		return error_wrap(err, "the registry does not allow the tag to be overwritten");
	if (found && digest_equal(&digest, &placing->descriptor->digest))
		return 0;
	error_set(err, ERROR_REFUSED, "the registry does not allow the tag to be overwritten");
	return error_set_class(err, CLASS_TAG_CONFLICT);
}

static int
judge_refusal(const struct placing *placing, const struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };

	problem_read(request, &problem);
	if (is_tag_conflict(&problem))
		return meet_conflict(placing, err);
	if (lacks_blob(&problem)) {
		error_set(err, ERROR_CONTENT,
			  "the registry lacks a blob or manifest that it names: %s",
			  problem.message ? problem.message : problem.code);
		return error_set_class(err, CLASS_BLOB_UNKNOWN);
	}
	return endpoint_refuse(placing->endpoint, ACCESS_PUSH, request, err);
}

/* For a registry that does not list the manifest among the referrers of its subject (no OCI-Subject
 * in its answer). */
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

/* The digest under which the registry stored the manifest; it must be one of these bytes. */
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

/* docker-registry's file system driver: another client was writing the same manifest, or the link
 * to a blob that both name, and the registry read half of it. */
static bool
is_half_read(const struct placing *placing, const struct request *request)
{
	AUTO_PROBLEM struct problem problem = { 0 };

	if (request_status(request) != 400 ||
	    placing->descriptor->digest.algorithm != DIGEST_SHA256)
		return false;
	problem_read(request, &problem);
	return problem_has_code(&problem, "DIGEST_INVALID");
}

static int
put_by_one(const struct placing *placing, struct put_result *put_result, struct error **err)
{
	AUTO_FREE char *url = manifest_url(placing->endpoint, placing->tag, placing->digest, err);

	for (int attempt = 1; url; attempt++) {
		AUTO_REQUEST struct request *request = send_manifest(placing, url, err);

		if (!request)
			return -1;
		if (attempt == PUT_ATTEMPTS || !is_half_read(placing, request))
			return judge_put(placing, request, put_result, err);
		(void)poll(NULL, 0, attempt * PUT_PAUSE_MS);
	}
	return -1;
}

/* distribution-spec, "Pushing Manifests": PUT by digest with "?tag=", and OCI-Tag in the answer.
 * *ret_done false: the registry does not support that, or refuses the digest's algorithm. */
static int
put_by_both(const struct placing *placing, struct put_result *put_result, bool *ret_done,
	    struct error **err)
{
	AUTO_FREE char *base =
		manifest_url(placing->endpoint, NULL, &placing->descriptor->digest, err);
	AUTO_FREE char *url = base ? url_add_query(base, "tag", placing->tag, err) : NULL;
	AUTO_REQUEST struct request *request = url ? send_manifest(placing, url, err) : NULL;

	const char *tag = request ? request_header(request, "OCI-Tag") : NULL;

	if (!request)
		return -1;
	if (request_status(request) == 400 ||
	    (request_status(request) / 100 == 2 && (!tag || strcmp(tag, placing->tag) != 0)))
		return 0;
	*ret_done = true;
	return judge_put(placing, request, put_result, err);
}

/* "https://ghcr.io:443/owner/name:tag@sha256:..." */
static char *
tag_put_text(const struct endpoint *endpoint, const char *tag, const struct digest *digest)
{
	return xasprintf("%s/%s:%s@%s", endpoint->host->origin_text, endpoint->name, tag,
			 digest_text(digest).text);
}

bool
registry_has_put(const struct endpoint *endpoint, const char *tag, const struct digest *digest)
{
	AUTO_FREE char *text = tag_put_text(endpoint, tag, digest);

	return token_cache_has_mark(endpoint->registry->cache, MARK_TAG_PUT, text);
}

int
registry_put_manifest(struct endpoint *endpoint, const char *tag,
		      const struct descriptor *descriptor, const void *bytes,
		      struct put_result *ret_result, struct error **err)
{
	const struct digest *digest = tag ? NULL : &descriptor->digest;
	struct placing placing = { endpoint, tag, digest, descriptor, bytes };
	struct put_result put_result = { 0 };
	bool is_done = false;

	if (check_tag(tag, digest, err) < 0)
		return -1;
	if (tag && descriptor->digest.algorithm != DIGEST_SHA256 &&
	    put_by_both(&placing, &put_result, &is_done, err) < 0)
		return endpoint_wrap(endpoint, tag, digest, err);
	if (!is_done && put_by_one(&placing, &put_result, err) < 0)
		return endpoint_wrap(endpoint, tag, digest, err);
	if (tag) {
		AUTO_FREE char *text = tag_put_text(endpoint, tag, &descriptor->digest);

		token_cache_keep_mark(endpoint->registry->cache, MARK_TAG_PUT, text);
	}
	*ret_result = put_result;
	return 0;
}

static bool
is_unsupported(const struct request *request, bool is_tag)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	int status = request_status(request);

	problem_read(request, &problem);
	return status == 405 || status == 501 || problem_has_code(&problem, "UNSUPPORTED") ||
	       (is_tag && status == 400);
}

static int
refuse_unsupported(const struct endpoint *endpoint, bool is_tag, const struct request *request,
		   struct error **err)
{
	AUTO_ERROR struct error *answer = NULL;

	endpoint_refuse(endpoint, ACCESS_DELETE, request, &answer);
	error_set(err, ERROR_FAILURE, "the registry does not delete %s: %s",
		  is_tag ? "tags" : "manifests", error_text(answer));
	error_set_class(err, CLASS_UNSUPPORTED);
	error_set_remote(err, error_remote(answer));
	if (strcmp(endpoint->host->name, "ghcr.io") == 0)
		return error_set_hint(err,
				      "use 'ocifp prune', which deletes through GitHub's Packages "
				      "API");
	if (is_tag)
		return error_set_hint(err,
				      "delete by digest to remove the manifest with all its tags");
	return error_set_hint(err,
			      "its administrator can enable deletion; 'ocifp prune' lists what "
			      "could be deleted");
}

static int
delete_manifest(struct endpoint *endpoint, const char *tag, const struct digest *digest,
		struct error **err)
{
	AUTO_FREE char *url = manifest_url(endpoint, tag, digest, err);
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_DELETE,
		.url = url,
		.flags = REQUEST_NO_REDIRECT,
	};

	if (!url)
		return -1;
	request = endpoint_perform(endpoint, ACCESS_DELETE, &options, err);
	if (!request)
		return -1;
	if (request_status(request) / 100 == 2 && !answer_is_page(request))
		return 0;
	/* An earlier sending, whose answer was lost, may have deleted it. */
	if (request_status(request) == 404 && request_sendings(request) > 1)
		return 0;
	if (is_unsupported(request, !digest))
		return refuse_unsupported(endpoint, !digest, request, err);
	return endpoint_refuse_or_absent(endpoint, ACCESS_DELETE, request,
					 digest ? "manifest" : "tag", err);
}

int
registry_delete_manifest(struct endpoint *endpoint, const char *tag, const struct digest *digest,
			 struct error **err)
{
	if (check_tag(tag, digest, err) < 0)
		return -1;
	if (delete_manifest(endpoint, tag, digest, err) < 0)
		return endpoint_wrap(endpoint, tag, digest, err);
	return 0;
}
