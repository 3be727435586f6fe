/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h - strings whose memory is erased before it is freed */
#ifndef OCIFP_BASE_SECRET_H
#define OCIFP_BASE_SECRET_H

#include "base/cleanup.h"

struct buf;

void secret_free(char *secret);
DEFINE_CLEANUP(char, secret_free)
#define AUTO_SECRET CLEANUP(secret_free_at)

void secret_buf_release(struct buf *buf);
#define AUTO_SECRET_BUF CLEANUP(secret_buf_release)

/* "Basic <base64 of username:password>" (RFC 7617, section 2). */
char *secret_basic(const char *username, const char *password);

/* Decodes base64 as Go does: ignores line ends and drops NULs at the end.  NULL: not base64, empty,
 * or a NUL inside. */
char *secret_decode(const char *base64);
char *secret_encode(const char *text);

#endif
