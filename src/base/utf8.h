/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - one character of UTF-8 at a time (RFC 3629) */
#ifndef OCIFP_BASE_UTF8_H
#define OCIFP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length in bytes of the character at the start; 0: none, broken or cut, overlong, a surrogate,
 * or beyond U+10FFFF. */
size_t utf8_decode(const char *bytes, size_t size, uint32_t *ret_code);
bool utf8_is_valid(const char *text);

#endif
