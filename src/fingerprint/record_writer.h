/* SPDX-License-Identifier: Apache-2.0 */
/* record_writer.h - writes the list of inputs: hashes and keeps its bytes */
#ifndef OCIFP_FINGERPRINT_RECORD_WRITER_H
#define OCIFP_FINGERPRINT_RECORD_WRITER_H

#include "fingerprint/fingerprint.h"

struct buf;
struct error;
struct hasher;
struct input_files;

struct record_writer {
	struct hasher *hasher; /* NULL: the record is not hashed */
	struct buf *record;    /* NULL: the record is not kept */
};

int record_write_header(const struct record_writer *writer, enum fingerprint_scheme scheme,
			struct error **err);
int record_write_files(const struct record_writer *writer, const struct input_files *files,
		       struct error **err);

/* "kind key<separator>value\0" in byte order of key; a key twice is ERROR_USAGE. */
int record_write_pairs(const struct record_writer *writer, const char *kind, char separator,
		       const struct fingerprint_pairs *pairs, struct error **err);

#endif
