#include "layer/pax.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"

static size_t
digits_of(size_t number)
{
	size_t count = 1;

	while (number >= 10) {
		number /= 10;
		count++;
	}
	return count;
}

/* The length counts its own digits, which may make it one digit longer. */
static size_t
length_of(size_t rest)
{
	size_t length = rest + digits_of(rest);

	return digits_of(length) > digits_of(rest) ? rest + digits_of(length) : length;
}

int
pax_add(struct buf *records, const char *key, const void *value, size_t size, struct error **err)
{
	size_t length = length_of(strlen(" =\n") + strlen(key) + size);
	AUTO_FREE char *head = xasprintf("%zu %s=", length, key);
	AUTO_BUF struct buf record = BUF_INIT(records->limit);

	/* Whole or not at all. */
	if (buf_append_text(&record, head, err) < 0 || buf_append(&record, value, size, err) < 0 ||
	    buf_append_text(&record, "\n", err) < 0)
		return -1;
	return buf_append(records, record.data, record.size, err);
}

int
pax_add_text(struct buf *records, const char *key, const char *value, struct error **err)
{
	return pax_add(records, key, value, strlen(value), err);
}

int
pax_add_number(struct buf *records, const char *key, int64_t value, struct error **err)
{
	AUTO_FREE char *text = xasprintf("%" PRId64, value);

	return pax_add_text(records, key, text, err);
}
