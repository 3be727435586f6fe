/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "oci/document.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *document = document_parse(data, size, &err);
	AUTO_JSON json_t *again = NULL;
	AUTO_FREE char *text = NULL;

	if (!document) {
		INSIST(error_is(err, ERROR_CONTENT) && error_class(err));
		return 0;
	}
	INSIST(!err);
	text = document_format(document);
	again = document_parse(text, strlen(text), &err);
	INSIST(again && json_equal(document, again));
	return 0;
}
