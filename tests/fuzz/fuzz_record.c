/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "fingerprint/record.h"
#include "fuzz.h"

static void
insist_on_nothing(void *context, enum record_change change, const struct record_entry *before,
		  const struct record_entry *after)
{
	(void)context;
	(void)change;
	(void)before;
	(void)after;
	INSIST(false);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *bytes = xcalloc(1, size + 1);
	AUTO_RECORD struct record record = { 0 };
	AUTO_ERROR struct error *err = NULL;

	memcpy(bytes, data, size);
	if (record_parse(bytes, size, &record, &err) < 0) {
		INSIST(error_is(err, ERROR_CONTENT));
		return 0;
	}
	for (size_t i = 0; i < record.count; i++) {
		INSIST(record.entries[i].key >= bytes && *record.entries[i].key);
		INSIST(record.entries[i].value + record.entries[i].value_size <= bytes + size);
	}
	INSIST(record_compare(&record, &record, insist_on_nothing, NULL) == 0);
	return 0;
}
