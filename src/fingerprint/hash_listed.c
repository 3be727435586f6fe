#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "fingerprint/collect_listed.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/input_files.h"
#include "fingerprint/listing.h"
#include "fingerprint/paths.h"
#include "oci/digest.h"

struct hashing {
	const struct listed_file **wanted;
	size_t count;
	struct hasher *stream;
};

static void
hashing_release(struct hashing *hashing)
{
	free(hashing->wanted);
}

static int
hash_content(void *context, size_t index, const void *bytes, size_t size, struct error **err)
{
	const struct hashing *hashing = context;
	struct listed_content *content = hashing->wanted[index]->content;
	struct digest digest = digest_of(DIGEST_SHA256, bytes, size);

	(void)err;
	memcpy(content->sha256, digest.bytes, INPUT_DIGEST_BYTES);
	content->size_bytes = size;
	content->is_hashed = true;
	if (hashing->stream)
		hasher_add(hashing->stream, bytes, size);
	return 0;
}

/* The file that is read: of what the user named the end of all links. */
static int
find_file(const struct listing *listing, const struct input_file *file,
	  struct listed_file **ret_file, struct error **err)
{
	AUTO_FREE char *path = path_normalise(file->path, err);
	AUTO_LISTED struct listed listed = { 0 };

	if (!path || listing_find(listing, path, file->named, &listed, err) < 0)
		return -1;
	if (listed.kind != LISTED_FILE)
		return error_set(err, ERROR_USAGE, "input '%s' is not a file", path);
	*ret_file = listed.file;
	return 0;
}

static void
want(struct hashing *hashing, const struct listed_file *file)
{
	if (hashing->stream || !file->content->is_hashed)
		hashing->wanted[hashing->count++] = file;
}

static void
fill(struct input_file *file, const struct listed_file *listed)
{
	file->mode = (enum input_mode)listed->mode;
	file->size = listed->content->size_bytes;
	memcpy(file->sha256, listed->content->sha256, INPUT_DIGEST_BYTES);
}

int
hash_listed(const struct fingerprint_inputs *inputs, struct input_files *files,
	    struct hasher *stream, struct error **err)
{
	const struct listing *listing = inputs->listing;
	AUTO_FREE struct listed_file **found =
		xcalloc(files->count + 1, sizeof(struct listed_file *));
	CLEANUP(hashing_release)
	struct hashing hashing = {
		.wanted = xcalloc(files->count + 1, sizeof(*hashing.wanted)),
		.stream = stream,
	};

	for (size_t i = 0; i < files->count; i++)
		if (find_file(listing, &files->items[i], &found[i], err) < 0)
			return -1;
	if (listing->settle(listing, found, files->count, err) < 0)
		return -1;
	for (size_t i = 0; i < files->count; i++)
		want(&hashing, found[i]);
	if (listing->read(listing, hashing.wanted, hashing.count, hash_content, &hashing, err) < 0)
		return -1;
	for (size_t i = 0; i < files->count; i++)
		fill(&files->items[i], found[i]);
	return 0;
}
