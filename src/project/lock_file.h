/* lock_file.h - .ocifp.lock: digests that a team agreed on
 *
 * JSON, sorted keys, one entry a line, made to be reviewed in a diff:
 *     {version, pins: {REF: DIGEST}, images: {NAME: {fingerprint, digest, platforms: {...}}}}
 */
#ifndef OCIFP_PROJECT_LOCK_FILE_H
#define OCIFP_PROJECT_LOCK_FILE_H

#include <stdbool.h>

#include <jansson.h>

#include "oci/digest.h"

struct error;
struct lock_file;

/* One that is not there is empty. */
struct lock_file *lock_file_read(const char *directory, struct error **err);

/* *ret_found false: no entry, which is no mismatch. */
int lock_file_pin(const struct lock_file *lock, const char *reference, struct digest *ret_digest,
		  bool *ret_found, struct error **err);

/* The image's locked digest when its entry has this fingerprint (64 hex); an entry with another
 * one is stale and counts as none. */
int lock_file_image(const struct lock_file *lock, const char *name, const char *fingerprint_hex,
		    struct digest *ret_digest, bool *ret_found, struct error **err);
void lock_file_free(struct lock_file *lock);
DEFINE_CLEANUP(struct lock_file, lock_file_free)
#define AUTO_LOCK_FILE CLEANUP(lock_file_free_at)

#endif
