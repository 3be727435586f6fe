/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reachable.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "oci/digest_set.h"
#include "oci/document.h"
#include "oci/index.h"
#include "oci/manifest.h"
#include "store/care.h"
#include "store/state.h"
#include "store/store.h"

/* The documents to read: a list instead of recursion, so that deep nesting uses no stack. */
struct walk {
	const struct store *store;
	struct digest_set *set;
	struct strings *incomplete; /* NULL: not wanted */
	bool measures;
	uint64_t size_bytes; /* of the blobs that are there, if it measures */
	struct digest_set documents;
	struct descriptors pending;
	size_t done_count;
};

static void
mark_blob(struct walk *walk, const struct descriptor *blob)
{
	AUTO_CLOSE int fd = -1;
	AUTO_ERROR struct error *ignored = NULL;

	if (!digest_set_add(walk->set, &blob->digest) || !walk->measures)
		return;
	if (blob_find(walk->store, &blob->digest, blob->size_bytes, &fd, &ignored) == 0 && fd >= 0)
		walk->size_bytes += blob->size_bytes;
}

/* A child of an index may be another document, by its type, or by its content if the type is
 * generic.  It is read even if it is marked already, because it may also be a blob of another
 * image. */
static void
mark_document(struct walk *walk, const struct descriptor *document)
{
	bool may_lead_on = media_type_kind(document->media_type) != DOCUMENT_OTHER ||
			   (media_type_is_generic(document->media_type) &&
			    document->size_bytes <= MANIFEST_LIMIT_BYTES);

	mark_blob(walk, document);
	if (may_lead_on && digest_set_add(&walk->documents, &document->digest))
		descriptors_add(&walk->pending, document);
}

static void
mark_documents(struct walk *walk, const struct descriptors *documents)
{
	for (size_t i = 0; i < documents->count; i++)
		mark_document(walk, &documents->items[i]);
}

static int
mark_part(struct walk *walk, const struct descriptor *part, const struct digest *owner,
	  struct error **err)
{
	AUTO_CLOSE int fd = -1;

	mark_blob(walk, part);
	if (!walk->incomplete)
		return 0;
	if (blob_find(walk->store, &part->digest, part->size_bytes, &fd, err) < 0)
		return -1;
	if (fd < 0)
		strings_take(walk->incomplete,
			     xasprintf("%s: missing, a part of %s", digest_text(&part->digest).text,
				       digest_text(owner).text));
	return 0;
}

static int
follow_manifest(struct walk *walk, const json_t *value, const struct descriptor *document,
		struct error **err)
{
	AUTO_MANIFEST struct manifest manifest = { 0 };

	if (manifest_read(value, document->media_type, &manifest, err) < 0)
		return -1;
	if (mark_part(walk, &manifest.config, &document->digest, err) < 0)
		return -1;
	for (size_t i = 0; i < manifest.layers.count; i++)
		if (mark_part(walk, &manifest.layers.items[i], &document->digest, err) < 0)
			return -1;
	if (manifest.has_subject)
		mark_document(walk, &manifest.subject);
	return 0;
}

static int
follow_index(struct walk *walk, const json_t *value, const char *media_type, struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };

	if (image_index_read(value, media_type, &index, err) < 0)
		return -1;
	mark_documents(walk, &index.manifests);
	if (index.has_subject)
		mark_document(walk, &index.subject);
	return 0;
}

/* DOCUMENT_OTHER also for an unreadable document with a generic media type. */
static int
find_kind(const struct buf *buf, const struct descriptor *document, json_t **ret_value,
	  enum document_kind *ret_kind, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	*ret_value = document_parse(buf->data, buf->size, &failure);
	if (*ret_value && manifest_kind(*ret_value, document->media_type, ret_kind, &failure) == 0)
		return 0;
	if (!media_type_is_generic(document->media_type))
		return error_pass(err, TAKE_PTR(failure));
	*ret_kind = DOCUMENT_OTHER;
	return 0;
}

static int
follow(struct walk *walk, const struct descriptor *document, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_JSON json_t *value = NULL;
	enum document_kind kind;
	bool found = false;

	if (blob_read(walk->store, &document->digest, &buf, &found, err) < 0)
		return -1;
	/* A child that was never fetched. */
	if (!found)
		return 0;
	if (find_kind(&buf, document, &value, &kind, err) < 0)
		return -1;
	if (kind == DOCUMENT_INDEX)
		return follow_index(walk, value, document->media_type, err);
	return kind == DOCUMENT_MANIFEST ? follow_manifest(walk, value, document, err) : 0;
}

static int
follow_pending(struct walk *walk, struct error **err)
{
	while (walk->done_count < walk->pending.count) {
		/* The list moves in memory as it grows. */
		AUTO_DESCRIPTOR struct descriptor document = { 0 };

		descriptor_copy(&walk->pending.items[walk->done_count++], &document);
		if (follow(walk, &document, err) < 0) {
			error_wrap(err, "cannot find the blobs of '%s'",
				   digest_text(&document.digest).text);
			return error_set_hint(err, "run 'ocifp store fsck'");
		}
	}
	return 0;
}

int
reachable_mark(const struct store *store, struct digest_set *set, struct strings *incomplete,
	       struct error **err)
{
	struct walk walk = { .store = store, .set = set, .incomplete = incomplete };
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	/* gc must remove nothing if an image of another tool is unreadable: it may use any blob. */
	bool is_check = incomplete != NULL;
	int ret;

	if (store_list_references(store, &references, is_check, err) < 0)
		return -1;
	mark_documents(&walk, &references);
	ret = follow_pending(&walk, err);
	descriptors_release(&walk.pending);
	digest_set_release(&walk.documents);
	return ret;
}

int
store_reference_size(const struct store *store, const struct descriptor *reference,
		     uint64_t *ret_size_bytes, struct error **err)
{
	AUTO_DIGEST_SET struct digest_set set = { 0 };
	struct walk walk = { .store = store, .set = &set, .measures = true };
	int ret;

	mark_document(&walk, reference);
	ret = follow_pending(&walk, err);
	descriptors_release(&walk.pending);
	digest_set_release(&walk.documents);
	*ret_size_bytes = walk.size_bytes;
	return ret;
}
