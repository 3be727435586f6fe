/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sources/sources.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "fuzz.h"

/* What is taken has one form only. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_SOURCES struct sources sources = { 0 };
	AUTO_BUF struct buf again = BUF_INIT(SOURCES_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	if (sources_decode(data, size, &sources, &err) < 0) {
		INSIST(error_is(err, ERROR_CONTENT));
		return 0;
	}
	INSIST(sources_encode(&sources, &again, &err) == 0);
	INSIST(again.size == size && memcmp(again.data, data, size) == 0);
	return 0;
}
