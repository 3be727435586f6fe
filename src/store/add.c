#include "store/store.h"

#include "base/error.h"
#include "base/fd.h"
#include "store/part.h"
#include "store/state.h"

static int
check_bytes(const struct digest *digest, const void *bytes, size_t size, struct error **err)
{
	struct digest actual = digest_of(digest->algorithm, bytes, size);

	if (digest_equal(&actual, digest))
		return 0;
	error_set(err, ERROR_CONTENT, "content does not match its digest '%s'",
		  digest_text(digest).text);
	return error_set_class(err, "digest");
}

/* A name of our own: a download of the same blob by another process is not waited for. */
int
store_add(struct store *store, const struct digest *digest, const void *bytes, size_t size,
	  struct error **err)
{
	struct part part = { .digest = *digest, .size_bytes = size, .fd = -1 };

	if (check_bytes(digest, bytes, size, err) < 0)
		return -1;
	/* A store that may not be written to serves what it has. */
	if (store_has(store, digest, size))
		return 0;
	if (store_hold_blobs(store, err) < 0 || part_create(store, digest, &part, err) < 0)
		return -1;
	if (fd_pwrite_all(part.fd, bytes, size, 0, part.path, err) < 0) {
		part_drop(store, &part);
		return store_wrap(store, err);
	}
	return store_take_part(store, &part, err);
}
