/* SPDX-License-Identifier: Apache-2.0 */
#include "http/headers.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

static int
fail(const char *why, struct error **err)
{
	error_set(err, ERROR_UNAVAILABLE, "invalid HTTP answer: %s", why);
	return error_set_class(err, CLASS_PROTOCOL);
}

static void
forget(struct headers *headers)
{
	strings_release(&headers->names);
	strings_release(&headers->values);
	headers->status = 0;
	headers->size_bytes = 0;
	headers->complete = false;
}

/* "HTTP/1.1 200 OK" */
static int
start_response(struct headers *headers, const char *line, size_t size, struct error **err)
{
	const char *space = memchr(line, ' ', size);
	AUTO_FREE char *digits = NULL;
	uint64_t status = 0;

	forget(headers);
	if (!space || line + size - space < 4)
		return fail("no status", err);
	digits = xstrndup(space + 1, 3);
	if (!text_parse_uint(digits, 999, &status) || status < 100)
		return fail("no status", err);
	headers->status = (int)status;
	if (status < 200 && ++headers->interim_count > INTERIM_LIMIT_COUNT)
		return fail("too many interim responses", err);
	return 0;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* A line that starts with white space continues the one before it (RFC 9112, section 5.2). */
static void
continue_field(struct headers *headers, const char *line, size_t size)
{
	AUTO_FREE char *before = NULL;
	char **value;

	while (size > 0 && is_space(*line)) {
		line++;
		size--;
	}
	while (size > 0 && is_space(line[size - 1]))
		size--;
	if (headers->values.count == 0)
		return;
	value = &headers->values.items[headers->values.count - 1];
	before = *value;
	*value = xasprintf("%s %.*s", before, (int)size, line);
}

static int
add_field(struct headers *headers, const char *line, size_t size, struct error **err)
{
	const char *colon = memchr(line, ':', size);
	const char *value;

	if (!colon || colon == line)
		return 0; /* not a field */
	if (headers->names.count == HEADERS_LIMIT_COUNT)
		return fail("too many header fields", err);
	for (value = colon + 1; value < line + size && is_space(*value);)
		value++;
	while (line + size > value && is_space(line[size - 1]))
		size--;
	strings_take(&headers->names, xstrndup(line, (size_t)(colon - line)));
	strings_take(&headers->values, xstrndup(value, (size_t)(line + size - value)));
	return 0;
}

static size_t
without_line_end(const char *line, size_t size)
{
	while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
		size--;
	return size;
}

int
headers_add_line(struct headers *headers, const char *line, size_t size, struct error **err)
{
	size_t length = without_line_end(line, size);
	const char *first;
	const char *next;

	if (memchr(line, '\0', size))
		return fail("a NUL in the header", err);
	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0)
		return start_response(headers, line, length, err);
	if (size > HEADERS_LIMIT_BYTES - headers->size_bytes)
		return fail("the header is too long", err);
	headers->size_bytes += size;
	if (headers->complete)
		return 0;
	if (length > 0 && is_space(*line)) {
		continue_field(headers, line, length);
		return 0;
	}
	if (length > 0)
		return add_field(headers, line, length, err);
	headers->complete = true;
	/* With two lengths, two readers may disagree on where a response ends (RFC 9112,
	 * section 6.3). */
	first = headers_find(headers, "content-length", 0);
	for (size_t i = 1; first && (next = headers_find(headers, "content-length", i)); i++) {
		if (strcmp(first, next) != 0)
			return fail("two different Content-Length fields", err);
	}
	return 0;
}

const char *
headers_find(const struct headers *headers, const char *name, size_t index)
{
	for (size_t i = 0; i < headers->names.count; i++) {
		if (strcasecmp(headers->names.items[i], name) == 0 && index-- == 0)
			return headers->values.items[i];
	}
	return NULL;
}

size_t
headers_count(const struct headers *headers, const char *name)
{
	size_t count = 0;

	while (headers_find(headers, name, count))
		count++;
	return count;
}

void
headers_release(struct headers *headers)
{
	forget(headers);
	headers->interim_count = 0;
}

size_t
header_token_size(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

char *
header_take_quoted(const char **at)
{
	AUTO_FREE char *value = xcalloc(1, strlen(*at) + 1);
	size_t size = 0;

	for ((*at)++; **at && **at != '"'; (*at)++) {
		if (**at == '\\' && (*at)[1])
			(*at)++;
		value[size++] = **at;
	}
	if (**at != '"')
		return NULL;
	(*at)++;
	return TAKE_PTR(value);
}

const char *
header_skip_space(const char *text)
{
	return text + strspn(text, " \t");
}
