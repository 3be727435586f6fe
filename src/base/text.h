/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - foreign text made harmless, and small questions about text
 *
 * All text from a registry, an image, a redirect or a helper is printed through text_quote(): one
 * line, no control characters (C0, C1, DEL), no bidirectional overrides, no broken UTF-8, and
 * nothing that a CI runner takes for a command ("::", "##[", "##vso[").
 */
#ifndef OCIFP_BASE_TEXT_H
#define OCIFP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"

/* The caller owns the result.  Each byte that is not allowed becomes "\xNN", a backslash is
 * doubled, and a backslash separates "::" and "##".  More than REMOTE_TEXT_LIMIT_BYTES is cut and
 * ends with "...". */
char *text_quote(const char *bytes, size_t size);
char *text_quote_string(const char *text);

/* The same inside a message: QUOTED(x) is a string that lives until the end of the enclosing block.
 */
struct quoted_text {
	char text[REMOTE_TEXT_LIMIT_BYTES + 1];
};
const char *text_quote_into(struct quoted_text *quoted, const char *bytes, size_t size);
#define QUOTED(string) text_quote_into(&(struct quoted_text){ 0 }, string, strlen(string))

/* A program's output, quoted, with its lines joined; the caller owns it. */
char *text_quote_message(const char *bytes, size_t size);

/* Whether a character must not appear in a line of output: controls, bidirectional overrides,
 * separators. */
bool text_is_harmful(uint32_t code);

/* Without the query and user info, which are credentials in signed URLs: "https://h/p?..." */
char *text_quote_url(const char *url);

char *text_lower(const char *text); /* a copy, A to Z as a to z; the caller owns it */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_is_printable_ascii(const char *text); /* 0x20 to 0x7e: fit for an HTTP header */

void text_hex(const uint8_t *bytes, size_t size, char *ret_hex); /* 2 * size + 1 bytes */
bool text_parse_hex(const char *hex, size_t size,
		    uint8_t *ret_bytes); /* all digits are lower case */

/* The plural ending for this number: "1 file", "2 files". */
#define PLURAL_S(count) ((count) == 1 ? "" : "s")

/* Decimal digits only, within the range; else false. */
bool text_parse_uint(const char *text, uint64_t max, uint64_t *ret_value);

/* "512m", "4GiB", "2g", "1000000": bytes, or binary units as memory limits use them. */
bool text_parse_size(const char *text, uint64_t *ret_bytes);

/* "90", "1.5s", "500ms", "2m", "1h30m": durations as `sleep` and Go print them, units ns to d.  A
 * bare number is seconds.  Rounded up to a millisecond. */
bool text_parse_duration_ms(const char *text, int64_t *ret_ms);

/* "2026-01-02T03:04:05.6Z", "...+01:00": RFC 3339, as in image configs and registries' answers.
 * Seconds since 1970 in UTC. */
bool text_parse_time(const char *text, int64_t *ret_s);

/* "4.2 s", "42 s", "3 min 12 s", "1 h 02 min" */
char *text_time(int64_t ms);

/* "786.0 MB": decimal units, as disks and networks count. */
char *text_bytes(uint64_t size_bytes);

#endif
