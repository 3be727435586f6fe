/* SPDX-License-Identifier: Apache-2.0 */
/* xalloc.h - allocation that ends the program when memory runs out
 *
 * Only for sizes we chose.  A size a peer chose goes through struct buf, which
 * has a limit.
 */
#ifndef OCIFP_BASE_XALLOC_H
#define OCIFP_BASE_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

void *xcalloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2), returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((alloc_size(2), returns_nonnull));

/* Room for one more item.  The capacity is a power of two, so that n additions move n items. */
void *xgrow(void *items, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t size) __attribute__((malloc, returns_nonnull));
/* NULL stays NULL. */
char *xstrdup_null(const char *text);
char *xvasprintf(const char *format, va_list args)
	__attribute__((format(printf, 1, 0), returns_nonnull));
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

#define XNEW(type) ((type *)xcalloc(1, sizeof(type)))

#endif
