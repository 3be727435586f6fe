/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - unique names, and secrets that cannot be guessed */
#ifndef OCIFP_BASE_RANDOM_H
#define OCIFP_BASE_RANDOM_H

#include <stddef.h>

struct error;

/* Two hex digits a byte; the caller owns the text. */
char *random_hex(size_t byte_count, struct error **err);

#endif
