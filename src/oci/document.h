/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - JSON from a peer, within limits, and its fields by table
 *
 * Depth and tokens are counted before jansson parses: 4 MiB of "[{},{}" would cost it 300 MiB.
 * Tokens are values; keys do not count.  Duplicate keys, bad UTF-8, a byte order mark, NUL in
 * strings and trailing bytes are ERROR_CONTENT with class "json", exceeded limits with class
 * "limit".
 */
#ifndef OCIFP_OCI_DOCUMENT_H
#define OCIFP_OCI_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/cleanup.h"

struct error;
struct strings;

/* A value that `json_decref` releases when the scope ends. */
static inline void
json_release(json_t **json)
{
	json_decref(*json);
}
#define AUTO_JSON CLEANUP(json_release)

/* The caller owns the reference.  ERROR_CONTENT if the top is not an object. */
json_t *document_parse(const void *bytes, size_t size, struct error **err);

/* The reverse: compact, keys in the order in which they were set; the caller owns it. */
char *document_format(const json_t *document);

/* A copy of an object with its keys sorted by bytes; the caller's reference. */
json_t *document_sorted(const json_t *object);

json_t *json_strings(const struct strings *strings); /* an array; the caller's reference */

enum field_type {
	FIELD_STRING,  /* const char *, borrowed from the document */
	FIELD_SIZE,    /* uint64_t: a whole number, 0 to 2^63-1 */
	FIELD_OBJECT,  /* const json_t *, borrowed */
	FIELD_ARRAY,   /* const json_t *, borrowed */
	FIELD_STRINGS, /* const json_t *: an object whose values are all strings */
	FIELD_WORDS    /* const json_t *: an array, or a string that means an array with one item */
};

struct field {
	const char *name;
	enum field_type type;
	bool mandatory;
	size_t offset; /* offset in the struct that document_read_fields() fills; an absent field
			  leaves it unchanged */
};
#define FIELD(name, type, mandatory, owner, member) \
	{ \
		name, type, mandatory, offsetof(struct owner, member) \
	}

/* null counts as absent, and as an empty array where one is required: Go's encoder writes null for
 * both.  FIELD_WORDS also accepts a string.  ERROR_CONTENT names the field; callers add where:
 * "layers[3]: 'size' is missing".  On failure some fields may have been stored: fill a local. */
int document_read_fields(const json_t *object, const struct field *fields, size_t field_count,
			 void *ret_struct, struct error **err);
#define DOCUMENT_READ(object, table, ret_struct, err) \
	document_read_fields(object, table, COUNT_OF(table), ret_struct, err)

#endif
