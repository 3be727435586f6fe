/* SPDX-License-Identifier: Apache-2.0 */
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

bool
pax_parse_number(const char *text, size_t size, uint64_t *ret_number)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9' || number > INT64_MAX / 10)
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	*ret_number = number;
	return size > 0 && number <= INT64_MAX;
}

bool
pax_next(char **at, const char *end, struct pax_record *ret_record)
{
	char *space = memchr(*at, ' ', (size_t)(end - *at));
	uint64_t length = 0;
	char *last;
	char *equals;

	if (!space || !pax_parse_number(*at, (size_t)(space - *at), &length) ||
	    length <= (uint64_t)(space + 1 - *at) || length > (uint64_t)(end - *at))
		return false;
	last = *at + length - 1;
	equals = memchr(space, '=', (size_t)(last - space));
	if (!equals || equals == space + 1 || *last != '\n' ||
	    memchr(space, '\0', (size_t)(equals - space)))
		return false;
	*equals = '\0';
	*last = '\0';
	*ret_record = (struct pax_record){ space + 1, equals + 1, (size_t)(last - equals - 1) };
	*at = last + 1;
	return true;
}

/* Digits beyond the nanosecond do not count. */
static bool
parse_fraction(const char *text, long *ret_nanoseconds)
{
	long unit = 100000000;

	*ret_nanoseconds = 0;
	for (; *text >= '0' && *text <= '9'; text++, unit /= 10)
		*ret_nanoseconds += (*text - '0') * unit;
	return *text == '\0';
}

bool
pax_parse_time(const char *text, struct timespec *ret_time)
{
	bool is_negative = *text == '-';
	const char *whole = text + is_negative;
	size_t size = strcspn(whole, ".");
	uint64_t seconds = 0;
	long nanoseconds = 0;

	if (!pax_parse_number(whole, size, &seconds) || seconds > INT64_MAX / 2 ||
	    (whole[size] && !parse_fraction(whole + size + 1, &nanoseconds)))
		return false;
	if (!is_negative)
		*ret_time = (struct timespec){ (time_t)seconds, nanoseconds };
	else if (nanoseconds == 0)
		*ret_time = (struct timespec){ -(time_t)seconds, 0 };
	else
		*ret_time = (struct timespec){ -(time_t)seconds - 1, 1000000000 - nanoseconds };
	return true;
}
