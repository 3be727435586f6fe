/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/record_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/input_files.h"
#include "oci/digest.h"

static int
add(const struct record_writer *writer, const void *bytes, size_t size, struct error **err)
{
	if (writer->hasher)
		hasher_add(writer->hasher, bytes, size);
	if (writer->record && buf_append(writer->record, bytes, size, err) < 0)
		return error_wrap(err, "the list of inputs is too long to be published");
	return 0;
}

int
record_write_header(const struct record_writer *writer, enum fingerprint_scheme scheme,
		    struct error **err)
{
	AUTO_FREE char *header = xasprintf("ocifp-%s-1\n", fingerprint_scheme_name(scheme));

	return add(writer, header, strlen(header), err);
}

int
record_write_files(const struct record_writer *writer, const struct input_files *files,
		   struct error **err)
{
	for (size_t i = 0; i < files->count; i++) {
		char line[sizeof("100644 18446744073709551615 ") + FINGERPRINT_HEX_CHARS + 1];
		int size = snprintf(line, sizeof(line), "%06o %" PRIu64 " ",
				    (unsigned)files->items[i].mode, files->items[i].size);

		text_hex(files->items[i].sha256, INPUT_DIGEST_BYTES, line + size);
		line[size + FINGERPRINT_HEX_CHARS] = ' ';
		if (add(writer, line, (size_t)size + FINGERPRINT_HEX_CHARS + 1, err) < 0 ||
		    add(writer, files->items[i].path, strlen(files->items[i].path) + 1, err) < 0)
			return -1;
	}
	return 0;
}

static int
compare_keys(const void *left, const void *right)
{
	const struct fingerprint_pair *a = left;
	const struct fingerprint_pair *b = right;

	return strcmp(a->key, b->key);
}

static int
check_distinct(const char *kind, const struct fingerprint_pair *a, const struct fingerprint_pair *b,
	       struct error **err)
{
	if (strcmp(a->key, b->key) != 0)
		return 0;
	return error_set(err, ERROR_USAGE, "%s '%s' is given twice", kind, QUOTED(a->key));
}

int
record_write_pairs(const struct record_writer *writer, const char *kind, char separator,
		   const struct fingerprint_pairs *pairs, struct error **err)
{
	AUTO_FREE struct fingerprint_pair *sorted = xcalloc(pairs->count + 1, sizeof(*sorted));

	if (pairs->count == 0)
		return 0;
	memcpy(sorted, pairs->items, pairs->count * sizeof(*sorted));
	qsort(sorted, pairs->count, sizeof(*sorted), compare_keys);
	for (size_t i = 0; i < pairs->count; i++) {
		AUTO_FREE char *line = NULL;

		if (i > 0 && check_distinct(kind, &sorted[i - 1], &sorted[i], err) < 0)
			return -1;
		line = xasprintf("%s %s%c%s", kind, sorted[i].key, separator, sorted[i].value);
		if (add(writer, line, strlen(line) + 1, err) < 0)
			return -1;
	}
	return 0;
}
