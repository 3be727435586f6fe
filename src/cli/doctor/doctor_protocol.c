/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/findings.h"
#include "http/request.h"
#include "oci/digest.h"
#include "oci/document.h"
#include "oci/location.h"
#include "oci/media_type.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/registry_blobs.h"
#include "registry/upload/upload_session.h"
#include "repository/session.h"
#include "stream/body.h"
#include "stream/source.h"

/* A digest without content. */
#define NO_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

/* The repository, and values of its answers that later requests need. */
struct protocol {
	struct body tail; /* of the blob */
	struct findings *findings;
	struct endpoint *endpoint;
	char *tag;
	char *blob; /* the digest of a config; NULL: none was found */
	uint64_t blob_bytes;
	uint64_t tail_at; /* where the upload session continues */
};

static void
protocol_release(struct protocol *protocol)
{
	free(protocol->tag);
	free(protocol->blob);
}

/* NULL: no answer, which was reported. */
static struct request *
perform(struct protocol *protocol, const char *name, enum access access,
	const struct request_options *options)
{
	AUTO_ERROR struct error *error = NULL;
	struct request *request = endpoint_perform(protocol->endpoint, access, options, &error);

	if (!request)
		findings_add(protocol->findings, name, FINDING_PROBLEM, "%s", error_text(error));
	return request;
}

static struct request *
ask(struct protocol *protocol, const char *name, enum access access, enum http_method method,
    const char *path, struct body *body)
{
	AUTO_ERROR struct error *error = NULL;
	AUTO_FREE char *url = endpoint_url(protocol->endpoint, path, &error);
	const struct request_options options = {
		.method = method,
		.url = url,
		.accept = method == HTTP_GET ? MEDIA_ACCEPT_MANIFESTS : NULL,
		.body = body,
		.flags = REQUEST_NO_RETRY | (method == HTTP_POST ? REQUEST_NO_REDIRECT : 0),
	};

	if (url)
		return perform(protocol, name, access, &options);
	findings_add(protocol->findings, name, FINDING_PROBLEM, "%s", error_text(error));
	return NULL;
}

static void
say(struct protocol *protocol, const char *name, const struct request *request, bool is_ok,
    const char *text)
{
	findings_add(protocol->findings, name, is_ok ? FINDING_OK : FINDING_NOTE, "%s (%d)", text,
		     request_status(request));
}

static void
ask_for_tags(struct protocol *protocol)
{
	AUTO_REQUEST struct request *request =
		ask(protocol, "tags", ACCESS_PULL, HTTP_GET, "/tags/list?n=1", NULL);
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_JSON json_t *document = NULL;
	const json_t *tags;
	const char *tag;
	bool is_listed;

	if (!request)
		return;
	document =
		document_parse(request_body(request)->data, request_body(request)->size, &ignored);
	tags = json_object_get(document, "tags");
	is_listed = request_status(request) == 200 && tags;
	say(protocol, "tags", request, is_listed, is_listed ? "listed" : "not listed");
	if (!is_listed)
		return;
	tag = json_string_value(json_array_get(tags, 0));
	if (!protocol->tag && tag && reference_tag_is_valid(tag))
		protocol->tag = xstrdup(tag);
	if (json_array_size(tags) > 1)
		say(protocol, "pages", request, false, "none: all tags come at once");
	else
		say(protocol, "pages", request, request_header(request, "Link") != NULL,
		    request_header(request, "Link") ? "a page has the link to the next"
						    : "no link: no more than one tag, or none");
}

/* The config of the image, or of the first one in an index. */
static void
find_blob(struct protocol *protocol, const char *reference, bool is_first)
{
	AUTO_FREE char *path = xasprintf("/manifests/%s", reference);
	AUTO_REQUEST struct request *request =
		ask(protocol, "manifests", ACCESS_PULL, HTTP_GET, path, NULL);
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_JSON json_t *document = NULL;
	struct digest digest;
	const char *child;
	const char *blob;
	const json_t *config;

	if (!request)
		return;
	document =
		document_parse(request_body(request)->data, request_body(request)->size, &ignored);
	if (is_first)
		say(protocol, "manifests", request,
		    request_status(request) == 200 &&
			    request_header(request, "Docker-Content-Digest"),
		    request_status(request) != 200 ? "not served"
		    : request_header(request, "Docker-Content-Digest")
			    ? "served with their digest"
			    : "served without Docker-Content-Digest");
	child = json_string_value(json_object_get(
		json_array_get(json_object_get(document, "manifests"), 0), "digest"));
	config = json_object_get(document, "config");
	blob = json_string_value(json_object_get(config, "digest"));
	protocol->blob_bytes = (uint64_t)json_integer_value(json_object_get(config, "size"));
	if (blob && digest_parse(blob, &digest, &ignored) == 0)
		protocol->blob = xstrdup(blob);
	else if (is_first && child && digest_parse(child, &digest, &ignored) == 0)
		find_blob(protocol, child, false);
}

/* All but the first byte. */
static struct body_range
tail_wanted(const struct body *body)
{
	const struct protocol *protocol = (const struct protocol *)body;

	return (struct body_range){ protocol->tail_at, protocol->blob_bytes, protocol->blob_bytes };
}

static int
tail_begin(struct body *body, uint64_t offset, struct error **err)
{
	((struct protocol *)body)->tail_at = offset;
	(void)err;
	return 0;
}

static int
tail_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	((struct protocol *)body)->tail_at += size;
	(void)bytes;
	(void)err;
	return 0;
}

static int
tail_end(struct body *body, struct error **err)
{
	(void)body;
	(void)err;
	return 0;
}

static void
ask_for_range(struct protocol *protocol)
{
	static const struct body_ops ops = {
		.wanted = tail_wanted,
		.begin = tail_begin,
		.write = tail_write,
		.end = tail_end,
	};
	AUTO_FREE char *path = xasprintf("/blobs/%s", protocol->blob);
	AUTO_REQUEST struct request *request = NULL;

	protocol->tail.ops = &ops;
	protocol->tail_at = 1;
	request = ask(protocol, "ranges", ACCESS_PULL, HTTP_GET, path, &protocol->tail);
	if (request)
		say(protocol, "ranges", request, request_status(request) == 206,
		    request_status(request) == 206   ? "of blobs are served"
		    : request_status(request) == 200 ? "none: blobs come whole"
						     : "no blob was served");
}

static void
ask_for_referrers(struct protocol *protocol)
{
	AUTO_REQUEST struct request *request =
		ask(protocol, "referrers", ACCESS_PULL, HTTP_GET, "/referrers/" NO_DIGEST, NULL);
	const char *type;
	bool is_listed;

	if (!request)
		return;
	type = request_header(request, "Content-Type");
	is_listed = request_status(request) == 200 && type && media_type_is(type, MEDIA_OCI_INDEX);
	say(protocol, "referrers", request, is_listed,
	    is_listed ? "listed" : "not listed: they are kept under the tag sha256-...");
}

static void
tell_login(struct protocol *protocol)
{
	const struct host *host = protocol->endpoint->host;

	if (host->scheme == HOST_BEARER)
		findings_add(protocol->findings, "login", FINDING_OK, "a token of %s", host->realm);
	else
		findings_add(protocol->findings, "login", FINDING_OK, "%s",
			     host->scheme == HOST_BASIC ? "Basic" : "none was asked for");
}

/* Opens an upload session and cancels it.  False: it may still be open, or none was opened. */
static bool
ask_for_uploads(struct protocol *protocol)
{
	AUTO_REQUEST struct request *request =
		ask(protocol, "uploads", ACCESS_PUSH, HTTP_POST, "/blobs/uploads/", NULL);
	AUTO_ERROR struct error *refusal = NULL;
	bool is_cancelled;

	if (!request)
		return false;
	if (request_status(request) != 202) {
		(void)endpoint_refuse(protocol->endpoint, ACCESS_PUSH, request, &refusal);
		findings_add(protocol->findings, "uploads", FINDING_NOTE, "%s",
			     error_text(refusal));
		return false;
	}
	say(protocol, "uploads", request, true, "accepted");
	is_cancelled = registry_cancel_upload(protocol->endpoint, request);
	findings_add(protocol->findings, "cancelling", is_cancelled ? FINDING_OK : FINDING_NOTE,
		     "%s",
		     is_cancelled ? "accepted" : "refused: an upload that ends early expires");
	return is_cancelled;
}

/* Sends one byte to an upload session, and cancels it. */
static void
ask_for_chunks(struct protocol *protocol)
{
	static const char *const headers[] = { "Content-Range: 0-0", NULL };
	const struct source byte = source_of_bytes("x", 1);
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_REQUEST struct request *opened =
		ask(protocol, "chunks", ACCESS_PUSH, HTTP_POST, "/blobs/uploads/", NULL);
	AUTO_FREE char *url =
		opened ? session_url_read(protocol->endpoint, opened, &ignored) : NULL;
	const struct request_options options = {
		.method = HTTP_PATCH,
		.url = url,
		.named_by = protocol->endpoint->host->url,
		.content_type = "application/octet-stream",
		.headers = headers,
		.source = &byte,
		.flags = REQUEST_NO_RETRY | REQUEST_NO_REDIRECT,
	};
	AUTO_REQUEST struct request *sent = NULL;
	const char *least;
	bool is_moved;

	if (!url || !session_url_is_own(protocol->endpoint, url))
		return;
	sent = perform(protocol, "chunks", ACCESS_PUSH, &options);
	least = request_header(opened, "OCI-Chunk-Min-Length");
	if (sent && least)
		findings_add(protocol->findings, "chunks", FINDING_OK, "of at least %s bytes",
			     QUOTED(least));
	else if (sent)
		say(protocol, "chunks", sent, request_status(sent) == 202,
		    request_status(sent) == 202 ? "accepted" : "refused: blobs are sent whole");
	/* An answer without a Location leaves the session where it was. */
	is_moved = sent && request_status(sent) == 202 && request_header(sent, "Location");
	(void)registry_cancel_upload(protocol->endpoint, is_moved ? sent : opened);
}

/* Mounts a blob of the repository into the same repository, which changes nothing. */
static void
ask_for_mounts(struct protocol *protocol)
{
	AUTO_FREE char *path = xasprintf("/blobs/uploads/?mount=%s&from=%s", protocol->blob,
					 protocol->endpoint->name);
	AUTO_REQUEST struct request *request =
		ask(protocol, "mounts", ACCESS_PUSH, HTTP_POST, path, NULL);
	int status = request ? request_status(request) : 0;

	if (!request)
		return;
	say(protocol, "mounts", request, status == 201,
	    status == 201   ? "of blobs of other repositories are accepted"
	    : status == 202 ? "none: an upload is begun instead"
			    : "refused");
	if (status == 202)
		(void)registry_cancel_upload(protocol->endpoint, request);
}

static void
ask_for_deletion(struct protocol *protocol)
{
	AUTO_REQUEST struct request *request = ask(protocol, "deletion", ACCESS_DELETE, HTTP_DELETE,
						   "/manifests/" NO_DIGEST, NULL);
	bool is_known;

	if (!request)
		return;
	is_known = request_status(request) == 404 || request_status(request) / 100 == 2;
	say(protocol, "deletion", request, is_known,
	    is_known                             ? "accepted; for a digest that does not exist"
	    : request_status(request) / 100 == 4 ? "refused or disabled"
						 : "not answered");
}

void
doctor_protocol(struct findings *findings, struct context *context, const char *place,
		bool is_written)
{
	AUTO_LOCATION struct location location = { 0 };
	CLEANUP(protocol_release) struct protocol protocol = { .findings = findings };
	AUTO_ERROR struct error *error = NULL;
	AUTO_FREE char *name = NULL;
	struct registry *registry;

	if (location_parse(place, &location, &error) == 0) {
		name = location_repository(&location);
		registry = session_registry(context_session(context), &error);
		protocol.endpoint =
			registry ? endpoint_open(registry, &location.reference, &error) : NULL;
	}
	findings_begin(findings, name ? name : place);
	if (!protocol.endpoint) {
		findings_add(findings, "login", FINDING_PROBLEM, "%s", error_text(error));
		return;
	}
	protocol.tag = xstrdup_null(location.reference.tag);
	ask_for_tags(&protocol);
	tell_login(&protocol);
	if (protocol.tag)
		find_blob(&protocol, protocol.tag, true);
	if (protocol.blob && protocol.blob_bytes > 1 && protocol.blob_bytes < INT64_MAX)
		ask_for_range(&protocol);
	ask_for_referrers(&protocol);
	if (!is_written)
		return;
	if (ask_for_uploads(&protocol)) {
		ask_for_chunks(&protocol);
		if (protocol.blob)
			ask_for_mounts(&protocol);
	}
	ask_for_deletion(&protocol);
}
