/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "fuzz.h"
#include "image/trust/trusted_root.h"

/* What is taken is whole. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_TRUSTED_ROOT struct trusted_root root = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (trusted_root_parse(data, size, &root, &err) < 0)
		return 0;
	for (size_t i = 0; i < root.logs.count; i++)
		INSIST(root.logs.items[i].key && root.logs.items[i].host &&
		       root.logs.items[i].id.size > 0);
	for (size_t i = 0; i < root.authorities.count; i++)
		INSIST(root.authorities.items[i].length > 0);
	return 0;
}
