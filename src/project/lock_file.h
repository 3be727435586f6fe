/* SPDX-License-Identifier: Apache-2.0 */
/* lock_file.h - .ocifp.lock: digests that a team agreed on
 *
 * JSON, sorted keys, one entry a line, for review in a diff (ocifp.yaml(5), FILES):
 *     {version, pins: {REF: DIGEST}, images: {NAME: {fingerprint, digest, platforms: {...}}}}
 */
#ifndef OCIFP_PROJECT_LOCK_FILE_H
#define OCIFP_PROJECT_LOCK_FILE_H

#include <stdbool.h>

#include <jansson.h>

#include "oci/digest.h"

struct error;
struct lock_file;

#define LOCK_FILE_NAME ".ocifp.lock"

/* A missing file is empty. */
struct lock_file *lock_file_read(const char *directory, struct error **err);
struct lock_file *lock_file_parse(const char *bytes, size_t size, struct error **err);

/* *ret_found false: no entry, which is not a mismatch. */
int lock_file_pin(const struct lock_file *lock, const char *reference, struct digest *ret_digest,
		  bool *ret_found, struct error **err);

/* The image's locked digest if its entry has this fingerprint (64 hex); an entry with another one
 * is outdated and ignored. */
int lock_file_image(const struct lock_file *lock, const char *name, const char *fingerprint_hex,
		    struct digest *ret_digest, bool *ret_found, struct error **err);

/* For writing; entries are set in any order. */
struct lock_file *lock_file_new(void);
void lock_file_set_pin(struct lock_file *lock, const char *reference, const struct digest *digest);

/* `platforms`: an object of digests by platform. */
void lock_file_set_image(struct lock_file *lock, const char *name, const char *fingerprint_hex,
			 const struct digest *digest, json_t *platforms);

/* Copies the entry of another file if it has this fingerprint; false: it does not. */
bool lock_file_keep_image(struct lock_file *lock, const struct lock_file *from, const char *name,
			  const char *fingerprint_hex);

/* Atomic; leaves an equal file alone. */
int lock_file_write(const char *directory, const struct lock_file *lock, bool *ret_changed,
		    struct error **err);
void lock_file_free(struct lock_file *lock);
DEFINE_CLEANUP(struct lock_file, lock_file_free)
#define AUTO_LOCK_FILE CLEANUP(lock_file_free_at)

#endif
