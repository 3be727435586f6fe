#include "layer/tar_check.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "layer/tar_header.h"
#include "stream/sink.h"

struct tar_check {
	struct sink sink;
	struct sink *next;
	uint8_t block[TAR_BLOCK_BYTES]; /* the first */
	uint64_t seen_bytes;
};

static int
refuse(const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "it is no tar: %s", why);
	return error_set_class(err, "tar");
}

static int
check_block(const struct tar_check *self, struct error **err)
{
	return tar_header_is_sound(self->block) ? 0 : refuse("it has no header", err);
}

static int
check_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct tar_check *self = (struct tar_check *)sink;

	if (self->seen_bytes < TAR_BLOCK_BYTES) {
		size_t room = TAR_BLOCK_BYTES - (size_t)self->seen_bytes;

		memcpy(self->block + self->seen_bytes, bytes, size < room ? size : room);
		if (size >= room && check_block(self, err) < 0)
			return -1;
	}
	self->seen_bytes += size;
	return sink_write(self->next, bytes, size, err);
}

static int
check_finish(struct sink *sink, struct error **err)
{
	struct tar_check *self = (struct tar_check *)sink;

	if (self->seen_bytes == 0 || self->seen_bytes % TAR_BLOCK_BYTES != 0)
		return refuse("its size is not that of whole blocks", err);
	return sink_finish(self->next, err);
}

static void
check_free(struct sink *sink)
{
	sink_free(((struct tar_check *)sink)->next);
	free(sink);
}

struct sink *
sink_tar_check(struct sink *next)
{
	static const struct sink_ops ops = { check_write, check_finish, check_free };
	struct tar_check *self = XNEW(struct tar_check);

	self->sink.ops = &ops;
	self->next = next;
	return &self->sink;
}
