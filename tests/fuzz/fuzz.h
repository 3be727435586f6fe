/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what the fuzz targets share: inputs as text, and what must hold */
#ifndef OCIFP_TESTS_FUZZ_H
#define OCIFP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert(), in every build. */
#define INSIST(condition) \
	do { \
		if (!(condition)) { \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* Up to the first NUL; the caller owns it. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	return xstrndup((const char *)data, size);
}

/* What foreign bytes may end in: wrong content, or a digest of an algorithm that we lack. */
#define IS_REFUSED(err) \
	(error_is(err, ERROR_CONTENT) || \
	 (error_is(err, ERROR_FAILURE) && strcmp(error_class(err), "unsupported") == 0))

#endif
