/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"

static const size_t first_capacity = 256;

static void
grow(struct buf *buf, size_t needed)
{
	size_t capacity = buf->capacity ? buf->capacity : first_capacity;

	while (capacity < needed)
		capacity *= 2;
	if (capacity == buf->capacity)
		return;
	buf->data = xrealloc(buf->data, capacity);
	buf->capacity = capacity;
}

int
buf_append(struct buf *buf, const void *bytes, size_t size, struct error **err)
{
	if (size > buf->limit - buf->size) {
		error_set(err, ERROR_CONTENT, "more than %zu bytes", buf->limit);
		return error_set_class(err, CLASS_LIMIT);
	}
	grow(buf, buf->size + size + 1);
	if (size > 0)
		memcpy(buf->data + buf->size, bytes, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
	return 0;
}

int
buf_append_text(struct buf *buf, const char *text, struct error **err)
{
	return buf_append(buf, text, strlen(text), err);
}

void
buf_clear(struct buf *buf)
{
	buf->size = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

char *
buf_take(struct buf *buf)
{
	buf->size = buf->capacity = 0;
	return TAKE_PTR(buf->data);
}

void
buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT(buf->limit);
}
