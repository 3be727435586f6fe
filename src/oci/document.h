/* document.h - JSON from a peer, within limits, and its fields by table
 *
 * Before jansson sees a byte, depth and tokens are counted: 4 MiB of "[{},{}" would cost it
 * 300 MiB.  Duplicate keys, bad UTF-8, NUL in strings, trailing bytes are ERROR_CONTENT.
 */
#ifndef OCIFP_OCI_DOCUMENT_H
#define OCIFP_OCI_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/cleanup.h"

struct error;

/* A value that `json_decref` releases when the scope ends. */
static inline void
json_release(json_t **json)
{
	json_decref(*json);
}
#define AUTO_JSON CLEANUP(json_release)

/* The caller owns the reference; the top is an object, else ERROR_CONTENT. */
json_t *document_parse(const void *bytes, size_t size, struct error **err);

enum field_type {
	FIELD_STRING, /* const char *, borrowed from the document */
	FIELD_SIZE,   /* uint64_t: a whole number, 0 to 2^63-1 */
	FIELD_OBJECT, /* const json_t *, borrowed */
	FIELD_ARRAY,  /* const json_t *, borrowed */
	FIELD_STRINGS /* const json_t *: an object whose values are all strings */
};

struct field {
	const char *name;
	enum field_type type;
	bool mandatory;
	size_t offset; /* in the struct that document_read_fields() fills; absent: left alone */
};

/* null counts as absent.  ERROR_CONTENT names the field: "layers[3].size is no size". */
int document_read_fields(const json_t *object, const struct field *fields, size_t field_count,
			 void *ret_struct, struct error **err);

#endif
