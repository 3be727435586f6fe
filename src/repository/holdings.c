#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "repository/backend.h"

static void
holding_release(struct holding *holding)
{
	strings_release(&holding->tags);
	descriptor_release(&holding->root);
	buf_release(&holding->bytes);
}

void
holdings_release(struct holdings *holdings)
{
	for (size_t i = 0; i < holdings->count; i++)
		holding_release(&holdings->items[i]);
	free(holdings->items);
	*holdings = (struct holdings){ 0 };
}

struct holding *
holdings_add(struct holdings *holdings, const struct digest *digest)
{
	size_t size = (holdings->count + 1) * sizeof(*holdings->items);
	struct holding *holding;

	for (size_t i = 0; i < holdings->count; i++)
		if (digest_equal(&holdings->items[i].digest, digest))
			return &holdings->items[i];
	holdings->items = xrealloc(holdings->items, size);
	holding = &holdings->items[holdings->count++];
	*holding = (struct holding){ .digest = *digest };
	return holding;
}

/* A tag that went away in the meantime names nothing. */
static int
add_tag(struct repository *repository, const char *tag, struct holdings *holdings,
	struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	AUTO_FREE char *shown = text_quote_string(tag);
	struct holding *holding;

	if (repository_resolve(repository, tag, NULL, &resolution, err) < 0)
		return error_wrap(err, "tag '%s'", shown);
	if (resolution.evidence.presence != PRESENCE_PRESENT)
		return 0;
	holding = holdings_add(holdings, &resolution.descriptor.digest);
	strings_add(&holding->tags, tag);
	if (holding->root.media_type)
		return 0;
	descriptor_copy(&resolution.descriptor, &holding->root);
	holding->bytes = resolution.bytes;
	resolution.bytes = BUF_INIT(0);
	return 0;
}

static int
list_by_tags(struct repository *repository, struct holdings *holdings, struct error **err)
{
	AUTO_STRINGS struct strings tags = { 0 };

	if (repository_list_tags(repository, &tags, err) < 0)
		return -1;
	for (size_t i = 0; i < tags.count; i++)
		if (add_tag(repository, tags.items[i], holdings, err) < 0)
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
	return error_set(err, ERROR_USAGE, "what is deleted from '%s' does not come back",
			 repository->name);
}
