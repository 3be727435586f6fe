/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/index_edit.h"

#include <string.h>

static const char *
attested_by(const struct descriptor *entry)
{
	if (!descriptor_annotation(entry, "vnd.docker.reference.type"))
		return NULL;
	return descriptor_annotation(entry, "vnd.docker.reference.digest");
}

static bool
attests(const struct descriptor *entry, const struct digest *image)
{
	const char *digest = attested_by(entry);

	return digest && strcmp(digest, digest_text(image).text) == 0;
}

static bool
has_platform(const struct descriptor *entry, const struct platform *platform)
{
	return entry->has_platform && image_index_entry_is_image(entry) &&
	       platform_equal(&entry->platform, platform);
}

static void
drop(struct image_index *index, size_t position)
{
	struct descriptors *entries = &index->manifests;
	struct descriptors left = { 0 };

	for (size_t i = 0; i < entries->count; i++)
		if (i != position)
			descriptors_take(&left, &entries->items[i]);
	descriptors_release(entries);
	*entries = left;
}

static void
drop_attestations(struct image_index *index, const struct digest *image)
{
	for (size_t i = index->manifests.count; i > 0; i--)
		if (attests(&index->manifests.items[i - 1], image))
			drop(index, i - 1);
}

static bool
takes_place_of(const struct descriptor *entry, const struct descriptor *old)
{
	return digest_equal(&old->digest, &entry->digest) ||
	       (entry->has_platform && has_platform(old, &entry->platform));
}

/* The position of the first such entry; later ones are removed. */
static size_t
make_place(struct image_index *index, const struct descriptor *entry)
{
	size_t place = index->manifests.count;

	for (size_t i = index->manifests.count; i > 0; i--) {
		if (!takes_place_of(entry, &index->manifests.items[i - 1]))
			continue;
		if (place < index->manifests.count)
			drop(index, place);
		place = i - 1;
	}
	return place;
}

static void
set(struct image_index *index, size_t place, const struct descriptor *entry)
{
	struct digest old;

	if (place == index->manifests.count) {
		descriptors_add(&index->manifests, entry);
		return;
	}
	old = index->manifests.items[place].digest;
	descriptor_release(&index->manifests.items[place]);
	descriptor_copy(entry, &index->manifests.items[place]);
	drop_attestations(index, &old);
}

void
image_index_put(struct image_index *index, const struct descriptor *entry,
		const struct descriptors *from)
{
	set(index, make_place(index, entry), entry);
	for (size_t i = 0; i < from->count; i++)
		if (attests(&from->items[i], &entry->digest))
			descriptors_add(&index->manifests, &from->items[i]);
}

void
image_index_put_all(struct image_index *index, const struct descriptors *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct descriptor *entry = &from->items[i];

		if (image_index_entry_is_image(entry))
			image_index_put(index, entry, from);
		else if (!descriptors_has(&index->manifests, &entry->digest) && !attested_by(entry))
			descriptors_add(&index->manifests, entry);
	}
}

size_t
image_index_drop_digest(struct image_index *index, const struct digest *digest)
{
	size_t before = index->manifests.count;

	for (size_t i = before; i > 0; i--)
		if (digest_equal(&index->manifests.items[i - 1].digest, digest))
			drop(index, i - 1);
	if (index->manifests.count < before)
		drop_attestations(index, digest);
	return before - index->manifests.count;
}

size_t
image_index_drop_platform(struct image_index *index, const struct platform *platform)
{
	size_t before = index->manifests.count;

	for (size_t i = 0; i < index->manifests.count;) {
		struct digest digest = index->manifests.items[i].digest;

		if (!has_platform(&index->manifests.items[i], platform)) {
			i++;
			continue;
		}
		image_index_drop_digest(index, &digest);
		i = 0;
	}
	return before - index->manifests.count;
}
