/* SPDX-License-Identifier: Apache-2.0 */
#include <search.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "repository/backend.h"

/* The index of a holding by its digest; holdings move when the list grows. */
struct place {
	struct digest digest;
	size_t index;
};

static int
compare(const void *left, const void *right)
{
	return digest_compare(&((const struct place *)left)->digest,
			      &((const struct place *)right)->digest);
}

void
holdings_release(struct holdings *holdings)
{
	for (size_t i = 0; i < holdings->count; i++) {
		struct holding *holding = &holdings->items[i];

		strings_release(&holding->tags);
		free(holding->other_name);
		descriptor_release(&holding->root);
		buf_release(&holding->bytes);
	}
	free(holdings->items);
	tdestroy(holdings->by_digest, free);
	*holdings = (struct holdings){ 0 };
}

struct holding *
holdings_add(struct holdings *holdings, const struct digest *digest, struct error **err)
{
	struct place key = { .digest = *digest };
	struct place **found = tfind(&key, &holdings->by_digest, compare);
	struct place *place;

	if (found)
		return &holdings->items[(*found)->index];
	if (holdings->count >= PRUNE_LIMIT_COUNT) {
		error_set(err, ERROR_FAILURE, "the repository holds more than %d manifests",
			  PRUNE_LIMIT_COUNT);
		return NULL;
	}
	place = XNEW(struct place);
	*place = (struct place){ *digest, holdings->count };
	if (!tsearch(place, &holdings->by_digest, compare))
		abort();
	holdings->items = xgrow(holdings->items, holdings->count, sizeof(*holdings->items));
	holdings->items[holdings->count] = (struct holding){ .digest = *digest };
	return &holdings->items[holdings->count++];
}

/* *ret_holding NULL: the name was removed meanwhile. */
static int
add_named(struct repository *repository, const char *name, struct holdings *holdings,
	  struct holding **ret_holding, struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	struct holding *holding;

	*ret_holding = NULL;
	if (repository_resolve_listed(repository, name, &resolution, err) < 0)
		return -1;
	if (resolution.evidence.presence != PRESENCE_PRESENT)
		return 0;
	holding = holdings_add(holdings, &resolution.descriptor.digest, err);
	if (!holding)
		return -1;
	if (!holding->root.media_type) {
		holdings->document_bytes += resolution.bytes.size;
		if (holdings->document_bytes > PRUNE_LIMIT_BYTES)
			return error_set(err, ERROR_FAILURE,
					 "all manifests together are larger than %zu MiB",
					 PRUNE_LIMIT_BYTES / MIB);
		descriptor_copy(&resolution.descriptor, &holding->root);
		holding->bytes = resolution.bytes;
		resolution.bytes = BUF_INIT(0);
	}
	*ret_holding = holding;
	return 0;
}

static int
add_name(struct repository *repository, const char *name, bool is_tag, struct holdings *holdings,
	 struct error **err)
{
	struct holding *holding;

	if (add_named(repository, name, holdings, &holding, err) < 0)
		return error_wrap(err, is_tag ? "tag '%s'" : "listed name '%s'", QUOTED(name));
	if (holding && is_tag)
		strings_add(&holding->tags, name);
	else if (holding && !holding->other_name)
		holding->other_name = xstrdup(name);
	return 0;
}

static int
list_by_tags(struct repository *repository, struct holdings *holdings, struct error **err)
{
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_STRINGS struct strings others = { 0 };

	if (repository_list_tags(repository, &tags, &others, err) < 0)
		return -1;
	for (size_t i = 0; i < tags.count; i++)
		if (add_name(repository, tags.items[i], true, holdings, err) < 0)
			return -1;
	for (size_t i = 0; i < others.count; i++)
		if (add_name(repository, others.items[i], false, holdings, err) < 0)
			return -1;
	return 0;
}

int
repository_list_holdings(struct repository *repository, struct holdings *ret_holdings,
			 struct error **err)
{
	AUTO_HOLDINGS struct holdings holdings = { 0 };
	int result = repository->ops->list_holdings
			     ? repository->ops->list_holdings(repository, &holdings, err)
			     : list_by_tags(repository, &holdings, err);

	if (result < 0)
		return -1;
	*ret_holdings = holdings;
	holdings = (struct holdings){ 0 };
	return 0;
}

int
repository_restore(struct repository *repository, uint64_t version_id, struct error **err)
{
	if (repository->ops->restore)
		return repository->ops->restore(repository, version_id, err);
	return error_set(err, ERROR_USAGE,
			 "cannot restore from '%s': it keeps no deleted manifests",
			 repository->name);
}
