/* pax.h - the records of a pax extended header: "LENGTH KEY=VALUE\n"
 *
 * POSIX.1-2017, pax, "pax Extended Header".  A value may hold any bytes.
 */
#ifndef OCIFP_LAYER_PAX_H
#define OCIFP_LAYER_PAX_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

/* The key has no '='.  The limit of the buffer holds. */
int pax_add(struct buf *records, const char *key, const void *value, size_t size,
	    struct error **err);
int pax_add_text(struct buf *records, const char *key, const char *value, struct error **err);
int pax_add_number(struct buf *records, const char *key, int64_t value, struct error **err);

#endif
