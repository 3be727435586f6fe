/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - content digests: "sha256:<64 hex>" and "sha512:<128 hex>"
 *
 * A type and not a string, so that no unchecked text becomes part of a path.  image-spec,
 * descriptor.md, section "Digests".
 */
#ifndef OCIFP_OCI_DIGEST_H
#define OCIFP_OCI_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;

enum digest_algorithm { DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA512 };

#define DIGEST_MAX_BYTES 64
#define DIGEST_TEXT_BYTES (7 + 2 * DIGEST_MAX_BYTES + 1) /* with the NUL */

struct digest {
	enum digest_algorithm algorithm; /* DIGEST_NONE: no digest */
	uint8_t bytes[DIGEST_MAX_BYTES];
};

struct digest_text {
	char text[DIGEST_TEXT_BYTES];
};

/* ERROR_CONTENT; ERROR_FAILURE, class "unsupported", for a well-formed digest of another algorithm.
 */
int digest_parse(const char *text, struct digest *ret_digest, struct error **err);
bool digest_equal(const struct digest *a, const struct digest *b);
int digest_compare(const struct digest *a, const struct digest *b); /* an order, any */
size_t digest_size(enum digest_algorithm algorithm);                /* bytes */

/* By value, so that it can stand in an argument list: digest_text(&d).text */
struct digest_text digest_text(const struct digest *digest);
const char *digest_algorithm_name(enum digest_algorithm algorithm);
struct digest_text digest_hex(const struct digest *digest); /* without the algorithm */

struct digest digest_of(enum digest_algorithm algorithm, const void *bytes, size_t size);

/* A digest over bytes that come in pieces. */
struct hasher;

struct hasher *hasher_new(enum digest_algorithm algorithm);
void hasher_add(struct hasher *hasher, const void *bytes, size_t size);
struct digest hasher_finish(struct hasher *hasher); /* afterwards only reset or free it */
void hasher_reset(struct hasher *hasher);
void hasher_free(struct hasher *hasher);
DEFINE_CLEANUP(struct hasher, hasher_free)
#define AUTO_HASHER CLEANUP(hasher_free_at)

#endif
