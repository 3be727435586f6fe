/* secret.h - strings that are erased before their memory is given back */
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

/* The text behind a base64 value, read as Go reads it: line ends do not count, and NULs at the end
 * are dropped.  NULL: it is no base64, is empty or holds a NUL. */
char *secret_decode(const char *base64);
char *secret_encode(const char *text);

#endif
