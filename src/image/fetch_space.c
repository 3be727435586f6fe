#include "base/error.h"
#include "image/fetch.h"
#include "oci/descriptor.h"
#include "store/store.h"

/* Better no download at all than one that fills the disk. */
int
fetch_check_space(struct store *store, const struct descriptors *blobs, struct error **err)
{
	uint64_t missing_bytes = 0;

	for (size_t i = 0; i < blobs->count; i++) {
		const struct descriptor *blob = &blobs->items[i];

		if (store_has(store, &blob->digest, blob->size_bytes))
			continue;
		if (blob->size_bytes > INT64_MAX - missing_bytes) {
			error_set(err, ERROR_CONTENT, "the sizes of the blobs add up to nonsense");
			return error_set_class(err, "size");
		}
		missing_bytes += blob->size_bytes;
	}
	return missing_bytes > 0 ? store_space_check(store, missing_bytes, err) : 0;
}
