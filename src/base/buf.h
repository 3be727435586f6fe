/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - a byte buffer that grows up to a limit
 *
 * For everything whose size a peer chooses: manifests, tokens, headers.  The
 * bytes may hold NULs; one NUL beyond them lets text be used as a string.
 */
#ifndef OCIFP_BASE_BUF_H
#define OCIFP_BASE_BUF_H

#include <stddef.h>

#include "base/cleanup.h"

struct error;

struct buf {
	char *data;      /* NULL while empty */
	size_t size;     /* bytes in use, the trailing NUL not counted */
	size_t capacity; /* bytes allocated */
	size_t limit;    /* most bytes allowed in use */
};

#define BUF_INIT(max_bytes) ((struct buf){ .limit = (max_bytes) })

/* ERROR_CONTENT, class "limit", when the bytes would not fit; the buffer is then unchanged. */
int buf_append(struct buf *buf, const void *bytes, size_t size, struct error **err)
	__attribute__((warn_unused_result));

int buf_append_text(struct buf *buf, const char *text, struct error **err)
	__attribute__((warn_unused_result));

/* Empty again; keeps its memory for the next use. */
void buf_clear(struct buf *buf);

/* The caller owns the string; the buffer is empty again. */
char *buf_take(struct buf *buf);

void buf_release(struct buf *buf);
#define AUTO_BUF CLEANUP(buf_release)

#endif
