/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static struct body_range
blob_wanted(const struct body *body)
{
	return (struct body_range){ ((const struct blob_body *)body)->have, 10, 10 };
}

static int
blob_begin(struct body *body, uint64_t offset, struct error **err)
{
	struct blob_body *self = (struct blob_body *)body;

	(void)err;
	assert_true(offset <= self->have);
	self->have = offset;
	self->begins++;
	return 0;
}

static int
blob_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct blob_body *self = (struct blob_body *)body;

	if (size > sizeof(self->bytes) - self->have)
		return error_set(err, ERROR_CONTENT, "too long");
	memcpy(self->bytes + self->have, bytes, size);
	self->have += size;
	return 0;
}

static int
blob_end(struct body *body, struct error **err)
{
	struct blob_body *self = (struct blob_body *)body;

	self->ended = true;
	if (self->have < sizeof(self->bytes))
		return error_set(err, ERROR_CONTENT, "too short");
	return 0;
}

static const struct body_ops blob_ops = {
	.wanted = blob_wanted, .begin = blob_begin, .write = blob_write, .end = blob_end
};

int
set_up(void **state)
{
	struct fixture *self = XNEW(struct fixture);
	struct error *err = NULL;

	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	http_server_start(&self->server);
	http_server_start(&self->other);
	self->blob.body.ops = &blob_ops;
	self->engine = engine_new(&(struct engine_options){ .backoff_first_ms = 1 }, &err);
	assert_non_null(self->engine);
	*state = self;
	return 0;
}

int
tear_down(void **state)
{
	struct fixture *self = *state;

	engine_free(self->engine);
	http_server_stop(&self->server);
	http_server_stop(&self->other);
	free(self);
	return 0;
}

struct request *
perform(struct fixture *self, struct request_options options, struct error **err)
{
	AUTO_FREE char *url = http_server_url(&self->server, "/a");

	options.url = url;
	return request_perform(self->engine, &options, err);
}

struct request *
get(struct fixture *self, struct error **err)
{
	return perform(self, (struct request_options){ .method = HTTP_GET }, err);
}

struct request *
get_blob(struct fixture *self, struct error **err)
{
	return perform(self,
		       (struct request_options){ .method = HTTP_GET,
						 .body = &self->blob.body,
						 .flags = REQUEST_UNTIMED },
		       err);
}

void
assert_sent(struct http_server *server, size_t index, const char *part)
{
	AUTO_FREE char *request = http_server_request(server, index);

	if (!strcasestr(request, part))
		fail_msg("request %zu lacks '%s': %s", index, part, request);
}

void
assert_not_sent(struct http_server *server, size_t index, const char *part)
{
	AUTO_FREE char *request = http_server_request(server, index);

	if (strcasestr(request, part))
		fail_msg("request %zu has '%s': %s", index, part, request);
}

void
assert_class(const struct error *error, enum error_kind kind, const char *class_name)
{
	assert_non_null(error);
	assert_int_equal(error_kind(error), kind);
	assert_non_null(error_class(error));
	assert_string_equal(error_class(error), class_name);
}

static enum authorization
test_authorize(struct authorizer *authorizer, struct request *request, char **ret_header,
	       struct error **err)
{
	struct test_authorizer *self = (struct test_authorizer *)authorizer;

	(void)err;
	self->asked++;
	if (self->parks) {
		self->parked = request;
		return AUTHORIZATION_PARKED;
	}
	*ret_header = xasprintf("Authorization: Bearer secret%u", self->challenges);
	return AUTHORIZATION_READY;
}

static bool
test_challenged(struct authorizer *authorizer, struct request *request)
{
	(void)request;
	((struct test_authorizer *)authorizer)->challenges++;
	return true;
}

static void
test_forget(struct authorizer *authorizer, struct request *request)
{
	(void)request;
	((struct test_authorizer *)authorizer)->forgotten++;
}

const struct authorizer_ops test_authorizer_ops = {
	.authorize = test_authorize,
	.challenged = test_challenged,
	.forget = test_forget,
};
