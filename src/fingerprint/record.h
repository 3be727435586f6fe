/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - parses the published list of inputs
 *
 * For `--explain` and `why`, which compare two records.  A record from a registry is untrusted; a
 * path may have any bytes but NUL.
 */
#ifndef OCIFP_FINGERPRINT_RECORD_H
#define OCIFP_FINGERPRINT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fingerprint/fingerprint.h"

struct error;

enum record_kind { RECORD_FILE, RECORD_ARG, RECORD_IMAGE, RECORD_NEEDS };

struct record_entry {
	enum record_kind kind;
	const char *key;   /* borrowed from the bytes: path, name, reference, image */
	const char *value; /* a file: "<mode> <size> <sha256>"; else as in the record */
	size_t value_size; /* a value is not NUL-terminated where the key follows it */
};

struct record {
	enum fingerprint_scheme scheme;
	struct record_entry *entries; /* in the order of the record */
	size_t count;
};

/* Borrows `bytes`, which must live as long as the record and end with a NUL beyond `size`.
 * ERROR_CONTENT: not a record. */
int record_parse(char *bytes, size_t size, struct record *ret_record, struct error **err);
void record_release(struct record *record);
#define AUTO_RECORD CLEANUP(record_release)

enum record_change { RECORD_ADDED, RECORD_REMOVED, RECORD_CHANGED };

/* Called for each difference in order of kind and key; NULL for the side that lacks it. */
typedef void record_difference(void *context, enum record_change change,
			       const struct record_entry *before, const struct record_entry *after);
size_t record_compare(const struct record *before, const struct record *after,
		      record_difference *difference, void *context);

#endif
