#include "image/prune/prune.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "repository/repository.h"
#include "store/digest_set.h"

void
prune_plan_release(struct prune_plan *plan)
{
	prune_graph_release(&plan->graph);
}

/* What refers to something that goes has nobody left to ask for it. */
static int
doom(struct prune_graph *graph, struct error **err)
{
	for (size_t i = 0; i < graph->count; i++) {
		struct prune_node *node = graph->nodes[i];

		if (node->is_kept || node->is_absent)
			continue;
		node->is_doomed = true;
		if (!node->why)
			node->why = xstrdup(node->tags.count > 0 ? "nothing keeps it"
								 : "nothing kept leads to it");
		if (prune_graph_add_referrers(graph, node, err) < 0)
			return -1;
	}
	return 0;
}

static void
add_blob(const struct descriptor *blob, struct digest_set *seen, uint64_t *bytes)
{
	if (blob->digest.algorithm != DIGEST_NONE && digest_set_add(seen, &blob->digest))
		*bytes += blob->size_bytes;
}

static void
add_blobs(const struct prune_node *node, struct digest_set *seen, uint64_t *bytes)
{
	const struct descriptors *layers = &node->manifest.layers;

	if (node->kind != DOCUMENT_MANIFEST)
		return;
	add_blob(&node->manifest.config, seen, bytes);
	for (size_t i = 0; i < layers->count; i++)
		add_blob(&layers->items[i], seen, bytes);
}

static void
count(struct prune_plan *plan)
{
	const struct prune_graph *graph = &plan->graph;
	struct digest_set seen = { 0 };
	uint64_t kept_bytes = 0;

	for (size_t i = 0; i < graph->count; i++) {
		if (!graph->nodes[i]->is_kept)
			continue;
		plan->kept_count++;
		add_blobs(graph->nodes[i], &seen, &kept_bytes);
	}
	for (size_t i = 0; i < graph->count; i++) {
		if (!graph->nodes[i]->is_doomed)
			continue;
		plan->doomed_count++;
		plan->freed_bytes += graph->nodes[i]->root.size_bytes;
		add_blobs(graph->nodes[i], &seen, &plan->freed_bytes);
	}
	digest_set_release(&seen);
}

int
prune_plan_make(struct repository *repository, const struct prune_rules *rules,
		struct prune_plan *ret_plan, struct error **err)
{
	struct prune_graph *graph = &ret_plan->graph;

	graph->repository = repository;
	if (prune_graph_read(graph, err) < 0 || prune_keep(graph, rules, err) < 0 ||
	    doom(graph, err) < 0)
		return error_wrap(err, "nothing was deleted from '%s'",
				  repository_name(repository));
	count(ret_plan);
	if (ret_plan->kept_count > 0 || ret_plan->doomed_count == 0)
		return 0;
	error_set(err, ERROR_REFUSED, "nothing of '%s' would be kept", repository_name(repository));
	error_set_class(err, "keeps_nothing");
	return error_set_hint(err, "say what to keep: see ocifp-prune(1)");
}

static int
refuse_moved(const char *tag, struct error **err)
{
	error_set(err, ERROR_REFUSED, "tag '%s' was set since the plan was made", QUOTED(tag));
	return error_set_hint(err, "run it again");
}

/* Only tags may have moved: what a digest names stays. */
static int
check_tags(struct repository *repository, const struct prune_graph *graph, struct error **err)
{
	AUTO_HOLDINGS struct holdings holdings = { 0 };

	if (repository_list_holdings(repository, &holdings, err) < 0)
		return -1;
	for (size_t i = 0; i < holdings.count; i++) {
		const struct holding *holding = &holdings.items[i];
		const struct prune_node *node = prune_graph_find(graph, &holding->digest);

		if (holding->other_name && (!node || !node->is_kept))
			return refuse_moved(holding->other_name, err);
		for (size_t j = 0; j < holding->tags.count; j++)
			if (!node || !strings_has(&node->tags, holding->tags.items[j]))
				return refuse_moved(holding->tags.items[j], err);
	}
	return 0;
}

static bool
leads_to(const struct prune_node *node, const struct digest *digest)
{
	return digest_equal(&node->subject, digest) || descriptors_has(&node->children, digest);
}

static bool
is_needed(const struct prune_graph *graph, const struct prune_node *wanted)
{
	for (size_t i = 0; i < graph->count; i++)
		if (graph->nodes[i] != wanted && graph->nodes[i]->is_doomed &&
		    leads_to(graph->nodes[i], &wanted->root.digest))
			return true;
	return false;
}

/* Deleted with its parent, by a registry that does so, is as good. */
static int
delete_node(struct repository *repository, struct prune_node *node, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	node->is_doomed = false;
	if (repository_delete_manifest(repository, &node->root.digest, &failure) == 0 ||
	    error_is(failure, ERROR_ABSENT))
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

/* Those that no other of them leads to. */
static int
delete_free_ones(struct repository *repository, struct prune_graph *graph, size_t *deleted_count,
		 struct error **err)
{
	for (size_t i = 0; i < graph->count; i++) {
		struct prune_node *node = graph->nodes[i];

		if (!node->is_doomed || is_needed(graph, node))
			continue;
		if (delete_node(repository, node, err) < 0)
			return -1;
		++*deleted_count;
	}
	return 0;
}

int
prune_plan_apply(struct repository *repository, struct prune_plan *plan, size_t *ret_count,
		 struct error **err)
{
	size_t before;

	*ret_count = 0;
	if (check_tags(repository, &plan->graph, err) < 0)
		return error_wrap(err, "nothing was deleted from '%s'",
				  repository_name(repository));
	do {
		before = *ret_count;
		if (delete_free_ones(repository, &plan->graph, ret_count, err) < 0)
			return error_wrap(err, "%zu of %zu manifests were deleted", *ret_count,
					  plan->doomed_count);
	} while (*ret_count > before);
	return 0;
}
