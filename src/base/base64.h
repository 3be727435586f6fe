/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - bytes as text and back: RFC 4648, section 4 */
#ifndef OCIFP_BASE_BASE64_H
#define OCIFP_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* The caller owns the text. */
char *base64_encode(const void *bytes, size_t size);

/* The caller owns the bytes, which a NUL follows; NULL: not base64. */
uint8_t *base64_decode(const char *text, size_t *ret_size);

#endif
