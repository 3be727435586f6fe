/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/contents.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "oci/digest_set.h"
#include "oci/document.h"
#include "oci/index.h"
#include "store/store.h"

/* Documents still to be read.  A list and not recursion: what nests deeply costs no stack. */
struct walk {
	struct store *store;
	struct contents *contents;
	struct digest_set seen;
	struct descriptors pending;
};

static int
refuse_missing(const struct descriptor *descriptor, struct error **err)
{
	error_set(err, ERROR_CONTENT, "'%s' is not in the store",
		  digest_text(&descriptor->digest).text);
	return error_set_class(err, CLASS_MISSING);
}

static bool
has(struct walk *walk, const struct descriptor *descriptor)
{
	return store_has(walk->store, &descriptor->digest, descriptor->size_bytes);
}

static void
add(struct walk *walk, const struct descriptor *descriptor)
{
	if (!has(walk, descriptor) || !digest_set_add(&walk->seen, &descriptor->digest))
		return;
	descriptors_add(&walk->contents->blobs, descriptor);
	if (media_type_kind(descriptor->media_type) != DOCUMENT_OTHER)
		descriptors_add(&walk->pending, descriptor);
}

static void
add_all(struct walk *walk, const struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		add(walk, &descriptors->items[i]);
}

static int
read_document(struct store *store, const struct descriptor *document, struct buf *buf,
	      struct error **err)
{
	bool found = false;

	if (store_read(store, &document->digest, buf, &found, err) < 0)
		return -1;
	return found ? 0 : refuse_missing(document, err);
}

static int
add_children(struct walk *walk, const struct descriptor *document, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_MANIFEST struct manifest manifest = { 0 };

	if (read_document(walk->store, document, &buf, err) < 0)
		return -1;
	if (media_type_kind(document->media_type) == DOCUMENT_INDEX) {
		AUTO_INDEX struct image_index index = { 0 };

		if (image_index_parse(buf.data, buf.size, document->media_type, &index, err) < 0)
			return -1;
		add_all(walk, &index.manifests);
		return 0;
	}
	if (manifest_parse(buf.data, buf.size, document->media_type, &manifest, err) < 0)
		return -1;
	add(walk, &manifest.config);
	add_all(walk, &manifest.layers);
	return 0;
}

static int
walk_pending(struct walk *walk, struct error **err)
{
	for (size_t i = 0; i < walk->pending.count; i++) {
		/* The list moves in memory as it grows. */
		AUTO_DESCRIPTOR struct descriptor document = { 0 };

		descriptor_copy(&walk->pending.items[i], &document);
		if (add_children(walk, &document, err) < 0)
			return error_wrap(err, "'%s'", digest_text(&document.digest).text);
	}
	return 0;
}

static int
read_root(struct walk *walk, const struct descriptor *root, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_JSON json_t *value = NULL;
	struct contents *contents = walk->contents;

	if (!has(walk, root))
		return refuse_missing(root, err);
	if (read_document(walk->store, root, &buf, err) < 0)
		return -1;
	value = document_parse(buf.data, buf.size, err);
	if (!value || manifest_kind(value, root->media_type, &contents->kind, err) < 0)
		return -1;
	if (contents->kind != DOCUMENT_MANIFEST)
		return 0;
	if (manifest_read(value, root->media_type, &contents->manifest, err) < 0)
		return -1;
	if (!has(walk, &contents->manifest.config))
		return refuse_missing(&contents->manifest.config, err);
	for (size_t i = 0; i < contents->manifest.layers.count; i++)
		if (!has(walk, &contents->manifest.layers.items[i]))
			return refuse_missing(&contents->manifest.layers.items[i], err);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct descriptor *left = a;
	const struct descriptor *right = b;

	return strcmp(digest_text(&left->digest).text, digest_text(&right->digest).text);
}

int
contents_collect(struct store *store, const struct descriptor *root, struct contents *ret_contents,
		 struct error **err)
{
	AUTO_CONTENTS struct contents contents = { 0 };
	struct walk walk = { .store = store, .contents = &contents };
	int ret = read_root(&walk, root, err);

	if (ret == 0) {
		add(&walk, root);
		ret = walk_pending(&walk, err);
	}
	digest_set_release(&walk.seen);
	descriptors_release(&walk.pending);
	if (ret < 0)
		return -1;
	qsort(contents.blobs.items, contents.blobs.count, sizeof(*contents.blobs.items), compare);
	*ret_contents = contents;
	contents = (struct contents){ 0 };
	return 0;
}

void
contents_release(struct contents *contents)
{
	descriptors_release(&contents->blobs);
	manifest_release(&contents->manifest);
	*contents = (struct contents){ 0 };
}
