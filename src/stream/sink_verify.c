#include "stream/sink.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/xalloc.h"

struct verify_sink {
	struct sink sink;
	struct sink *next;
	struct hasher *hasher;
	struct digest expected;
	uint64_t size_bytes;
	uint64_t seen_bytes;
};

static int
fail_size(const struct verify_sink *self, const char *than, struct error **err)
{
	error_set(err, ERROR_CONTENT, "'%s' is %s than the %" PRIu64 " bytes that were announced",
		  digest_text(&self->expected).text, than, self->size_bytes);
	return error_set_class(err, "size");
}

static int
verify_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct verify_sink *self = (struct verify_sink *)sink;

	if (size > self->size_bytes - self->seen_bytes)
		return fail_size(self, "longer", err);
	self->seen_bytes += size;
	hasher_add(self->hasher, bytes, size);
	return sink_write(self->next, bytes, size, err);
}

static int
verify_finish(struct sink *sink, struct error **err)
{
	struct verify_sink *self = (struct verify_sink *)sink;
	struct digest actual;

	if (self->seen_bytes < self->size_bytes)
		return fail_size(self, "shorter", err);
	actual = hasher_finish(self->hasher);
	if (!digest_equal(&actual, &self->expected)) {
		error_set(err, ERROR_CONTENT, "content is '%s', not '%s'",
			  digest_text(&actual).text, digest_text(&self->expected).text);
		return error_set_class(err, "digest");
	}
	return sink_finish(self->next, err);
}

static void
verify_free(struct sink *sink)
{
	struct verify_sink *self = (struct verify_sink *)sink;

	hasher_free(self->hasher);
	sink_free(self->next);
	free(self);
}

struct sink *
sink_verify(const struct digest *digest, uint64_t size_bytes, struct sink *next)
{
	static const struct sink_ops ops = { verify_write, verify_finish, verify_free };
	struct verify_sink *self = XNEW(struct verify_sink);

	self->sink.ops = &ops;
	self->next = next;
	self->hasher = hasher_new(digest->algorithm);
	self->expected = *digest;
	self->size_bytes = size_bytes;
	return &self->sink;
}
