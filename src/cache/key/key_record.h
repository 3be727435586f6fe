/* SPDX-License-Identifier: Apache-2.0 */
/* key_record.h - the inputs of a key, so that `why` can compare two keys
 *
 *     ocifp-cache-record 1
 *     KIND WORDS...             a line a fact, in byte order: "package Cargo.lock serde 1.0.228"
 *
 * A save stores it with the cache.  It has no secrets: variables and files are listed by digest.
 */
#ifndef OCIFP_CACHE_KEY_KEY_RECORD_H
#define OCIFP_CACHE_KEY_KEY_RECORD_H

#include <stddef.h>

#include "base/strings.h"

struct buf;
struct error;

void cache_record_add(struct strings *facts, const char *kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int cache_record_write(struct strings *facts, struct buf *ret_record, struct error **err);

/* Lists the differences, a line each: "Cargo.lock: serde 1.0.228 -> 1.0.229", "RUSTFLAGS changed".
 * The record of a cache is untrusted: ERROR_CONTENT. */
int cache_record_compare(const struct buf *before, const struct buf *after,
			 struct strings *ret_differences, struct error **err);

#endif
