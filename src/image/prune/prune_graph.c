/* SPDX-License-Identifier: Apache-2.0 */
#include "image/prune/prune_graph.h"

#include <search.h>
#include <string.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "oci/annotation.h"
#include "oci/document.h"
#include "oci/index.h"
#include "repository/repository.h"

static void
keep_memory(void *node)
{
	(void)node;
}

void
prune_graph_release(struct prune_graph *graph)
{
	tdestroy(graph->by_digest, keep_memory);
	for (size_t i = 0; i < graph->count; i++) {
		descriptor_release(&graph->nodes[i]->root);
		strings_release(&graph->nodes[i]->tags);
		free(graph->nodes[i]->other_name);
		descriptors_release(&graph->nodes[i]->children);
		manifest_release(&graph->nodes[i]->manifest);
		free(graph->nodes[i]->created);
		free(graph->nodes[i]->why);
		free(graph->nodes[i]);
	}
	free(graph->nodes);
	*graph = (struct prune_graph){ 0 };
}

static int
compare(const void *left, const void *right)
{
	return digest_compare(&((const struct prune_node *)left)->root.digest,
			      &((const struct prune_node *)right)->root.digest);
}

struct prune_node *
prune_graph_find(const struct prune_graph *graph, const struct digest *digest)
{
	struct prune_node key = { .root.digest = *digest };
	void *found = tfind(&key, &graph->by_digest, compare);

	return found ? *(struct prune_node **)found : NULL;
}

/* For a digest that has no node yet. */
static struct prune_node *
new_node(struct prune_graph *graph, const struct descriptor *root, struct error **err)
{
	struct prune_node *node;

	if (graph->count >= PRUNE_LIMIT_COUNT) {
		error_set(err, ERROR_FAILURE, "the repository holds more than %d manifests",
			  PRUNE_LIMIT_COUNT);
		return NULL;
	}
	node = XNEW(struct prune_node);
	node->root.digest = root->digest;
	node->root.media_type = xstrdup_null(root->media_type);
	node->root.size_bytes = root->size_bytes;
	graph->nodes = xgrow(graph->nodes, graph->count, sizeof(struct prune_node *));
	graph->nodes[graph->count++] = node;
	if (!tsearch(node, &graph->by_digest, compare))
		abort();
	return node;
}

static int
need_node(struct prune_graph *graph, const struct descriptor *root, struct error **err)
{
	if (prune_graph_find(graph, &root->digest))
		return 0;
	return new_node(graph, root, err) ? 0 : -1;
}

static int
parse_node(struct prune_graph *graph, struct prune_node *node, const struct buf *bytes,
	   struct error **err)
{
	AUTO_JSON json_t *value = NULL;
	AUTO_INDEX struct image_index index = { 0 };

	graph->document_bytes += bytes->size;
	if (graph->document_bytes > PRUNE_LIMIT_BYTES)
		return error_set(err, ERROR_FAILURE,
				 "all manifests together have more than %zu MiB",
				 PRUNE_LIMIT_BYTES / MIB);
	value = document_parse(bytes->data, bytes->size, err);
	if (!value || manifest_kind(value, node->root.media_type, &node->kind, err) < 0)
		return -1;
	node->root.size_bytes = bytes->size;
	if (node->kind != DOCUMENT_INDEX) {
		struct manifest *manifest = &node->manifest;

		if (manifest_read(value, node->root.media_type, manifest, err) < 0)
			return -1;
		node->created = xstrdup_null(manifest_annotation(manifest, ANNOTATION_CREATED));
		if (manifest->has_subject)
			node->subject = manifest->subject.digest;
		return 0;
	}
	if (image_index_read(value, node->root.media_type, &index, err) < 0)
		return -1;
	node->children = index.manifests;
	index.manifests = (struct descriptors){ 0 };
	node->created = xstrdup_null(image_index_annotation(&index, ANNOTATION_CREATED));
	if (index.has_subject)
		node->subject = index.subject.digest;
	return 0;
}

/* Reads it, if that was not done; its children become nodes. */
static int
read_node(struct prune_graph *graph, struct prune_node *node, struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };

	if (node->kind == DOCUMENT_OTHER) {
		if (repository_resolve(graph->repository, NULL, &node->root.digest, &resolution,
				       err) < 0)
			return -1;
		node->is_absent = resolution.evidence.presence != PRESENCE_PRESENT;
		if (node->is_absent)
			return 0;
		free(node->root.media_type);
		node->root.media_type = xstrdup(resolution.descriptor.media_type);
		if (parse_node(graph, node, &resolution.bytes, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < node->children.count; i++)
		if (image_index_entry_is_document(&node->children.items[i]) &&
		    need_node(graph, &node->children.items[i], err) < 0)
			return -1;
	return 0;
}

/* Reads the nodes from `first` on, and those that are added meanwhile. */
static int
read_nodes(struct prune_graph *graph, size_t first, struct error **err)
{
	for (size_t i = first; i < graph->count; i++) {
		struct prune_node *node = graph->nodes[i];

		if (read_node(graph, node, err) < 0)
			return error_wrap(err, "manifest '%s'",
					  digest_text(&node->root.digest).text);
	}
	return 0;
}

/* "sha256-<hex>", and cosign's "sha256-<hex>.sig": the tag belongs to that digest. */
static bool
parse_referrer_tag(const char *tag, struct digest *ret_subject)
{
	size_t size = strcspn(tag, ".");
	AUTO_FREE char *text = xstrndup(tag, size);
	char *dash = strchr(text, '-');
	AUTO_ERROR struct error *ignored = NULL;

	if (!dash)
		return false;
	*dash = ':';
	return digest_parse(text, ret_subject, &ignored) == 0;
}

int
prune_graph_read(struct prune_graph *graph, struct error **err)
{
	AUTO_HOLDINGS struct holdings holdings = { 0 };

	if (repository_list_holdings(graph->repository, &holdings, err) < 0)
		return -1;
	for (size_t i = 0; i < holdings.count; i++) {
		struct descriptor root = { .digest = holdings.items[i].digest,
					   .media_type = holdings.items[i].root.media_type };
		struct prune_node *node =
			new_node(graph, &root, err); /* the holdings have each digest once */

		if (!node)
			return -1;
		node->other_name = TAKE_PTR(holdings.items[i].other_name);
		node->is_new = holdings.items[i].is_new;
		node->version_id = holdings.items[i].version_id;
		node->created_s = holdings.items[i].created_s;
		node->dated_by = holdings.items[i].created_s ? "the time of its push" : NULL;
		node->tags = holdings.items[i].tags;
		holdings.items[i].tags = (struct strings){ 0 };
		if (holdings.items[i].root.media_type &&
		    parse_node(graph, node, &holdings.items[i].bytes, err) < 0)
			return error_wrap(err, "manifest '%s'",
					  digest_text(&holdings.items[i].digest).text);
		for (size_t j = 0; j < node->tags.count && node->subject.algorithm == DIGEST_NONE;
		     j++)
			if (!parse_referrer_tag(node->tags.items[j], &node->subject))
				node->subject.algorithm = DIGEST_NONE;
	}
	return read_nodes(graph, 0, err);
}

int
prune_graph_add_referrers(struct prune_graph *graph, const struct prune_node *node,
			  struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors referrers = { 0 };
	size_t first = graph->count;

	if (repository_list_referrers(graph->repository, &node->root.digest, NULL, &referrers,
				      err) < 0)
		return -1;
	for (size_t i = 0; i < referrers.count; i++)
		if (need_node(graph, &referrers.items[i], err) < 0)
			return -1;
	return read_nodes(graph, first, err);
}

/* The creation time of its newest image. */
static int
date_by_configs(const struct prune_graph *graph, const struct prune_node *node, int depth,
		int64_t *newest_s, struct error **err)
{
	struct content content = { .repository = graph->repository };
	AUTO_CONFIG struct image_config config = { 0 };
	int64_t created_s;

	for (size_t i = 0; depth < INDEX_LIMIT_DEPTH && i < node->children.count; i++) {
		const struct prune_node *child =
			prune_graph_find(graph, &node->children.items[i].digest);

		if (child && date_by_configs(graph, child, depth + 1, newest_s, err) < 0)
			return -1;
	}
	if (node->kind != DOCUMENT_MANIFEST ||
	    !media_type_is_config(node->manifest.config.media_type))
		return 0;
	if (content_get_config(&content, &node->manifest, &config, err) < 0)
		return -1;
	if (config.created && text_parse_time(config.created, &created_s) && created_s > *newest_s)
		*newest_s = created_s;
	return 0;
}

int
prune_graph_date(const struct prune_graph *graph, struct prune_node *node, struct error **err)
{
	if (node->dated_by)
		return 0;
	if (node->created && text_parse_time(node->created, &node->created_s)) {
		node->dated_by = "annotation " ANNOTATION_CREATED;
		return 0;
	}
	if (date_by_configs(graph, node, 0, &node->created_s, err) < 0)
		return error_wrap(err, "manifest '%s'", digest_text(&node->root.digest).text);
	node->dated_by = node->created_s > 0 ? "its config" : NULL;
	return 0;
}
