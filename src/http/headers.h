/* SPDX-License-Identifier: Apache-2.0 */
/* headers.h - the header section of a response, within limits
 *
 * RFC 9110, section 5.  Interim (1xx) responses are counted and dropped, trailers are ignored.
 */
#ifndef OCIFP_HTTP_HEADERS_H
#define OCIFP_HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/strings.h"

struct error;

struct headers {
	struct strings names;
	struct strings values; /* without surrounding white space */
	int status;            /* 0: no status line yet */
	unsigned interim_count;
	size_t size_bytes;
	bool complete;
};

/* Adds one line, with its line end.  ERROR_UNAVAILABLE, class "protocol": past a limit, or
 * malformed. */
int headers_add_line(struct headers *headers, const char *line, size_t size, struct error **err);

/* The value of field number `index` of this name; NULL: there are fewer. */
const char *headers_find(const struct headers *headers, const char *name, size_t index);
size_t headers_count(const struct headers *headers, const char *name);

void headers_release(struct headers *headers);
#define AUTO_HEADERS CLEANUP(headers_release)

/* The length of the token at `text` (RFC 9110, section 5.6.2). */
size_t header_token_size(const char *text);

/* The content of the quoted string at *at (section 5.6.4); *at is moved behind it.  The caller owns
 * it.  NULL: the string is not closed. */
char *header_take_quoted(const char **at);

const char *header_skip_space(const char *text);

#endif
