#include "registry/manifests.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/request.h"
#include "oci/document.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "registry/answer.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/manifest_url.h"
#include "registry/problem.h"

/* One manifest that is asked for. */
struct question {
	struct endpoint *endpoint;
	const char *reference;
	struct digest digest; /* DIGEST_NONE: by tag */
};

static struct request *
ask(const struct question *question, unsigned flags, struct error **err)
{
	struct endpoint *endpoint = question->endpoint;
	AUTO_FREE char *url = manifest_url(endpoint, question->reference, err);
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.accept = MEDIA_ACCEPT_MANIFESTS,
		.flags = flags,
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

/* A refused token request is an answer too. */
static void
read_evidence_of_failure(const struct error *failure, struct evidence *evidence)
{
	const struct error_remote *remote = error_remote(failure);

	evidence->http_status = remote->http_status;
	evidence->code = xstrdup_null(remote->code);
	evidence->request_id = xstrdup_null(remote->request_id);
}

/* The digest of what came, by the algorithm that the question or the answer names. */
static int
check_digest(const struct question *question, const struct request *request,
	     struct digest *ret_digest, struct error **err)
{
	const struct buf *body = request_body(request);
	struct digest expected = question->digest;
	bool is_named = expected.algorithm != DIGEST_NONE;
	struct digest found;

	if (!is_named && answer_find_digest(request, &expected, &is_named, err) < 0)
		return -1;
	found = digest_of(is_named ? expected.algorithm : DIGEST_SHA256, body->data, body->size);
	if (is_named && !digest_equal(&found, &expected)) {
		error_set(err, ERROR_CONTENT, "the manifest's digest is '%s', not '%s'",
			  digest_text(&found).text, digest_text(&expected).text);
		return error_set_class(err, "digest");
	}
	*ret_digest = found;
	return 0;
}

/* What the document calls itself, where the answer does not tell. */
static char *
find_own_type(const struct buf *body, enum document_kind kind)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_JSON json_t *document = document_parse(body->data, body->size, &ignored);
	const char *type = json_string_value(json_object_get(document, "mediaType"));

	if (type)
		return xstrdup(type);
	return xstrdup(kind == DOCUMENT_INDEX ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST);
}

static int
check_kind(const struct request *request, char **ret_type, struct error **err)
{
	const struct buf *body = request_body(request);
	AUTO_FREE char *type = answer_manifest_type(request);
	enum document_kind kind;

	if (answer_is_page(request)) {
		error_set(err, ERROR_UNAVAILABLE,
			  "the server sent a web page, not a manifest: its Content-Type is '%s'",
			  QUOTED(request_header(request, "Content-Type")));
		return error_set_class(err, "protocol");
	}
	if (manifest_kind(body->data, body->size, type, &kind, err) < 0)
		return -1;
	if (kind == DOCUMENT_OTHER)
		return error_set(err, ERROR_CONTENT, "the document is no manifest and no index");
	*ret_type = type ? TAKE_PTR(type) : find_own_type(body, kind);
	return 0;
}

static int
take_manifest(const struct question *question, const struct request *request, struct buf *bytes,
	      struct descriptor *ret_descriptor, struct error **err)
{
	const struct buf *body = request_body(request);
	struct descriptor descriptor = { .size_bytes = body->size };
	AUTO_FREE char *type = NULL;

	if (check_kind(request, &type, err) < 0 ||
	    check_digest(question, request, &descriptor.digest, err) < 0 ||
	    buf_append(bytes, body->data, body->size, err) < 0)
		return -1;
	descriptor.media_type = TAKE_PTR(type);
	*ret_descriptor = descriptor;
	return 0;
}

static bool
try_mirror(const struct question *question, struct endpoint *mirror, struct buf *bytes,
	   struct descriptor *ret_descriptor)
{
	struct question same = *question;
	AUTO_REQUEST struct request *request = NULL;
	AUTO_ERROR struct error *trouble = NULL;

	same.endpoint = mirror;
	request = ask(&same, REQUEST_NO_RETRY, &trouble);
	if (request && request_status(request) == 200 &&
	    take_manifest(&same, request, bytes, ret_descriptor, &trouble) == 0)
		return true;
	observer_tell(engine_observer(mirror->registry->engine), EVENT_TRACE,
		      "the mirror '%s' has no manifest '%s'%s%s", mirror->host->name,
		      question->reference, trouble ? ": " : "", trouble ? error_text(trouble) : "");
	return false;
}

/* By digest alone: what a tag means, and absence, only its own registry knows. */
static bool
try_mirrors(const struct question *question, struct buf *bytes, struct descriptor *ret_descriptor)
{
	const struct endpoint *endpoint = question->endpoint;

	if (question->digest.algorithm == DIGEST_NONE)
		return false;
	for (size_t i = 0; i < endpoint->mirror_count; i++)
		if (try_mirror(question, endpoint->mirrors[i], bytes, ret_descriptor))
			return true;
	return false;
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

/* What an answer is about, and where its content goes. */
struct reply {
	struct buf *bytes;
	struct descriptor *descriptor;
	struct evidence *evidence;
};

static int
take_present(const struct question *question, const struct request *request, struct reply *reply,
	     struct error **err)
{
	if (take_manifest(question, request, reply->bytes, reply->descriptor, err) < 0)
		return error_is(*err, ERROR_CONTENT) ? request_explain_content(request, err) : -1;
	reply->evidence->presence = PRESENCE_PRESENT;
	return 0;
}

/* The answer to a question that was asked again: the last word. */
static int
judge_again(const struct question *question, const struct request *again, struct reply *reply,
	    struct error **err)
{
	struct evidence *evidence = reply->evidence;

	read_evidence(again, evidence);
	if (evidence->http_status == 200)
		return take_present(question, again, reply, err);
	evidence->confirmed = evidence->registry_answers && evidence->http_status == 404 &&
			      presence_judge_404(evidence) != ABSENCE_NOT_PROVEN;
	if (!evidence->confirmed) {
		endpoint_refuse(question->endpoint, ACCESS_PULL, again, err);
		return error_wrap(err,
				  "this proves no absence: the first answer was %s, the second",
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

/* A 404 that gives no reason could be anybody's. */
static int
confirm_absence(const struct question *question, const struct request *request, struct reply *reply,
		struct error **err)
{
	struct evidence *evidence = reply->evidence;
	AUTO_REQUEST struct request *again = NULL;

	if (ask_whether_registry(question, &evidence->registry_answers, err) < 0)
		return error_wrap(err, "cannot confirm an absence");
	if (!evidence->registry_answers) {
		endpoint_refuse(question->endpoint, ACCESS_PULL, request, err);
		return error_wrap(err, "this proves no absence");
	}
	evidence->first_answer = describe_answer(evidence);
	again = ask(question, 0, err);
	if (!again)
		return error_wrap(err, "cannot confirm an absence");
	return judge_again(question, again, reply, err);
}

static int
judge_404(const struct question *question, const struct request *request, struct reply *reply,
	  struct error **err)
{
	switch (presence_judge_404(reply->evidence)) {
	case ABSENCE_PROVEN:
		reply->evidence->presence = PRESENCE_ABSENT;
		return 0;
	case ABSENCE_NEEDS_CONFIRMATION:
		return confirm_absence(question, request, reply, err);
	case ABSENCE_NOT_PROVEN:
		break;
	}
	endpoint_refuse(question->endpoint, ACCESS_PULL, request, err);
	return error_wrap(err, "this proves no absence");
}

/* Takes the failure.  What came damaged is asked for once more, as a layer is. */
static int
ask_once_more(const struct question *question, struct error *failure, struct reply *reply,
	      struct error **err)
{
	AUTO_ERROR struct error *damage = failure;
	AUTO_REQUEST struct request *again = NULL;

	if (!error_is(damage, ERROR_CONTENT))
		return error_pass(err, TAKE_PTR(damage));
	observer_tell(engine_observer(question->endpoint->registry->engine), EVENT_RETRY, "%s",
		      error_text(damage));
	reply->evidence->first_answer = describe_answer(reply->evidence);
	again = ask(question, 0, err);
	return again ? judge_again(question, again, reply, err) : -1;
}

static int
ask_origin(const struct question *question, struct reply *reply, struct error **err)
{
	struct evidence *evidence = reply->evidence;
	AUTO_REQUEST struct request *request = ask(question, 0, err);
	struct error *failure = NULL;

	if (!request) {
		read_evidence_of_failure(*err, evidence);
		return -1;
	}
	read_evidence(request, evidence);
	if (evidence->http_status == 404)
		return judge_404(question, request, reply, err);
	if (evidence->http_status != 200)
		return endpoint_refuse(question->endpoint, ACCESS_PULL, request, err);
	if (take_present(question, request, reply, &failure) == 0)
		return 0;
	return ask_once_more(question, failure, reply, err);
}

static int
get_manifest(const struct question *question, struct reply *reply, struct error **err)
{
	*reply->evidence = (struct evidence){ .accept = xstrdup(MEDIA_ACCEPT_MANIFESTS) };
	if (try_mirrors(question, reply->bytes, reply->descriptor)) {
		reply->evidence->http_status = 200;
		reply->evidence->presence = PRESENCE_PRESENT;
		return 0;
	}
	if (ask_origin(question, reply, err) < 0)
		return manifest_wrap(question->endpoint, question->reference, err);
	return 0;
}

int
registry_get_manifest(struct endpoint *endpoint, const char *reference, struct buf *bytes,
		      struct descriptor *ret_descriptor, struct evidence *ret_evidence,
		      struct error **err)
{
	struct question question = { .endpoint = endpoint, .reference = reference };
	struct reply reply = { bytes, ret_descriptor, ret_evidence };

	if (manifest_reference_parse(reference, &question.digest, err) < 0)
		return -1;
	return get_manifest(&question, &reply, err);
}

int
registry_get_listed_manifest(struct endpoint *endpoint, const char *name, struct buf *bytes,
			     struct descriptor *ret_descriptor, struct evidence *ret_evidence,
			     struct error **err)
{
	struct question question = { .endpoint = endpoint, .reference = name };
	struct reply reply = { bytes, ret_descriptor, ret_evidence };
	AUTO_ERROR struct error *unfit = NULL;

	if (manifest_name_is_plain(name) ||
	    manifest_reference_parse(name, &question.digest, &unfit) == 0)
		return get_manifest(&question, &reply, err);
	return error_set(err, ERROR_REFUSED, "cannot ask what '%s' names: it is not a valid tag",
			 QUOTED(name));
}
