/* SPDX-License-Identifier: Apache-2.0 */
/* pax.h - the records of a pax extended header: "LENGTH KEY=VALUE\n"
 *
 * POSIX.1-2017, pax, "pax Extended Header".  A value may hold any bytes.
 */
#ifndef OCIFP_LAYER_PAX_H
#define OCIFP_LAYER_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct buf;
struct error;

/* The key has no '='.  The limit of the buffer holds. */
int pax_add(struct buf *records, const char *key, const void *value, size_t size,
	    struct error **err);
int pax_add_text(struct buf *records, const char *key, const char *value, struct error **err);
int pax_add_number(struct buf *records, const char *key, int64_t value, struct error **err);

/* Key and value end with a NUL, which is not counted. */
struct pax_record {
	const char *key;
	const char *value;
	size_t size; /* of the value */
};

/* The next record of a buffer, which is modified; *at is moved behind it.  False: the end, or, with
 * *at before the end, a damaged record. */
bool pax_next(char **at, const char *end, struct pax_record *ret_record);

/* Decimal digits only, up to 2^63-1. */
bool pax_parse_number(const char *text, size_t size, uint64_t *ret_number);

/* "-1.5" is half a second before -1.  False: invalid, or beyond 2^62. */
bool pax_parse_time(const char *text, struct timespec *ret_time);

#endif
