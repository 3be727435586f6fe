/* SPDX-License-Identifier: Apache-2.0 */
#include "image/prune/prune.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest_set.h"
#include "repository/repository.h"

/* Its name in the reasons for keeping another one. */
static char *
name_of(const struct prune_node *node)
{
	if (node->tags.count > 0)
		return text_quote_string(node->tags.items[0]);
	return xstrndup(digest_text(&node->root.digest).text, 19);
}

/* Takes the reason. */
static void
keep(struct prune_node *node, char *why)
{
	if (node->is_kept || node->is_absent) {
		free(why);
		return;
	}
	node->is_kept = true;
	free(node->why);
	node->why = why;
}

static bool
is_referrer(const struct prune_node *node)
{
	return node->subject.algorithm != DIGEST_NONE;
}

static void
keep_by_pattern(struct prune_node *node, const struct strings *patterns)
{
	for (size_t i = 0; i < node->tags.count; i++)
		for (size_t j = 0; j < patterns->count; j++)
			if (fnmatch(patterns->items[j], node->tags.items[i], 0) == 0)
				keep(node, xasprintf("tag %s matches %s", node->tags.items[i],
						     patterns->items[j]));
}

/* TAG or TAG-OS-ARCH, the tags of native runners for `index join`. */
static bool
is_tag_of(const char *tag, const char *used)
{
	size_t size = strlen(used);

	return strncmp(tag, used, size) == 0 && (tag[size] == '\0' || tag[size] == '-');
}

static void
keep_used(struct prune_node *node, const struct prune_rules *rules)
{
	struct digest_text digest = digest_text(&node->root.digest);

	for (size_t i = 0; i < rules->used->count; i++) {
		const char *used = rules->used->items[i];
		const char *by = rules->used_by->items[i];

		if (strcmp(used, digest.text) == 0)
			keep(node, xasprintf("locked by %s", by));
		for (size_t j = 0; j < node->tags.count; j++)
			if (is_tag_of(node->tags.items[j], used))
				keep(node, xasprintf("the fingerprint of %s", by));
	}
}

static int
compare_dates(const void *left, const void *right)
{
	const struct prune_node *a = *(struct prune_node *const *)left;
	const struct prune_node *b = *(struct prune_node *const *)right;

	if (a->created_s != b->created_s)
		return a->created_s > b->created_s ? -1 : 1;
	return memcmp(a->root.digest.bytes, b->root.digest.bytes, sizeof(a->root.digest.bytes));
}

/* Tagged images, newest first; one without a known time is kept at once. */
static struct prune_node **
list_dated(const struct prune_graph *graph, size_t *ret_count, struct error **err)
{
	AUTO_FREE struct prune_node **dated = xcalloc(graph->count + 1, sizeof(*dated));
	size_t count = 0;

	for (size_t i = 0; i < graph->count; i++) {
		struct prune_node *node = graph->nodes[i];

		if (node->tags.count == 0 || is_referrer(node))
			continue;
		if (prune_graph_date(graph, node, err) < 0)
			return NULL;
		if (node->dated_by)
			dated[count++] = node;
		else
			keep(node, xstrdup("it has no creation time"));
	}
	qsort(dated, count, sizeof(struct prune_node *), compare_dates);
	*ret_count = count;
	return TAKE_PTR(dated);
}

static bool
are_of_a_group(const struct prune_node *a, const struct prune_node *b, const char *const *names)
{
	for (; names && *names; names++) {
		const char *left = manifest_annotation(&a->manifest, *names);
		const char *right = manifest_annotation(&b->manifest, *names);

		if ((left || right) && (!left || !right || strcmp(left, right) != 0))
			return false;
	}
	return true;
}

/* The number of newer ones in its group. */
static size_t
rank_of(struct prune_node *const *dated, size_t at, const struct prune_rules *rules)
{
	size_t rank = 0;

	for (size_t i = 0; i < at; i++)
		rank += are_of_a_group(dated[i], dated[at], rules->group_by);
	return rank;
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
add_kept_blobs(const struct prune_graph *graph, struct digest_set *seen, uint64_t *bytes)
{
	for (size_t i = 0; i < graph->count; i++)
		if (graph->nodes[i]->is_kept)
			add_blobs(graph->nodes[i], seen, bytes);
}

static bool
has_ended(const struct prune_rules *rules, const struct prune_node *node)
{
	return rules->has_ended && node->kind == DOCUMENT_MANIFEST &&
	       rules->has_ended(rules->context, &node->manifest);
}

static int
keep_by_date(const struct prune_graph *graph, const struct prune_rules *rules, struct error **err)
{
	size_t count;
	AUTO_FREE struct prune_node **dated = NULL;

	if (rules->newest_count == 0 && rules->younger_ms == 0)
		return 0;
	dated = list_dated(graph, &count, err);
	if (!dated)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!has_ended(rules, dated[i]) && rank_of(dated, i, rules) < rules->newest_count)
			keep(dated[i], xasprintf("among the newest %u by %s", rules->newest_count,
						 dated[i]->dated_by));
	if (rules->younger_ms > 0) {
		int64_t since_s = (int64_t)time(NULL) - rules->younger_ms / 1000;
		struct digest_set seen = { 0 };
		uint64_t bytes = 0;

		/* Keeps the newest, up to the count. */
		add_kept_blobs(graph, &seen, &bytes);
		for (size_t i = 0; i < count && dated[i]->created_s >= since_s; i++) {
			if (dated[i]->is_kept || has_ended(rules, dated[i]))
				continue;
			add_blobs(dated[i], &seen, &bytes);
			if (rules->most_bytes > 0 && bytes > rules->most_bytes)
				break;
			keep(dated[i], xasprintf("young by %s", dated[i]->dated_by));
		}
		digest_set_release(&seen);
	}
	return 0;
}

static void
keep_linked(const struct prune_graph *graph, const struct digest *digest, char *why)
{
	struct prune_node *linked = prune_graph_find(graph, digest);

	if (linked)
		keep(linked, TAKE_PTR(why));
	free(why);
}

/* A signature is kept as long as its subject. */
static int
keep_referrer(const struct prune_graph *graph, struct prune_node *node, struct error **err)
{
	const struct prune_node *subject = prune_graph_find(graph, &node->subject);
	AUTO_FREE char *name = NULL;

	if (!subject) {
		/* The repository's list does not name the digest, but it may exist. */
		if (node->lacks_subject)
			return 0;
		AUTO_RESOLUTION struct resolution resolution = { 0 };

		if (repository_resolve(graph->repository, NULL, &node->subject, &resolution, err) <
		    0)
			return -1;
		node->lacks_subject = resolution.evidence.presence != PRESENCE_PRESENT;
		if (!node->lacks_subject)
			keep(node, xstrdup("its subject is present without a tag"));
		return 0;
	}
	if (!subject->is_kept)
		return 0;
	name = name_of(subject);
	keep(node, xasprintf("about %s", name));
	return 0;
}

static int
visit(const struct prune_graph *graph, struct prune_node *node, bool *changed, struct error **err)
{
	AUTO_FREE char *name = NULL;

	if (!node->is_kept && !node->is_absent && is_referrer(node) &&
	    keep_referrer(graph, node, err) < 0)
		return -1;
	if (!node->is_kept || node->is_spread)
		return 0;
	/* Marks everything that a kept node leads to. */
	name = name_of(node);
	node->is_spread = true;
	for (size_t i = 0; i < node->children.count; i++)
		keep_linked(graph, &node->children.items[i].digest, xasprintf("part of %s", name));
	keep_linked(graph, &node->subject, xasprintf("%s is about it", name));
	*changed = true;
	return 0;
}

/* Marks the nodes that the rules keep. */
static int
prune_keep(struct prune_graph *graph, const struct prune_rules *rules, struct error **err)
{
	for (size_t i = 0; i < graph->count; i++) {
		struct prune_node *node = graph->nodes[i];

		keep_by_pattern(node, rules->tag_patterns);
		keep_used(node, rules);
		/* Rules match valid tags only, so this name is kept. */
		if (node->other_name)
			keep(node, xasprintf("it is listed as '%s', which is not a tag",
					     QUOTED(node->other_name)));
		if (node->is_new)
			keep(node, xstrdup("it is new, and a push may be under way"));
	}
	if (keep_by_date(graph, rules, err) < 0)
		return -1;
	/* Repeats until nothing is added: a signature may have a signature. */
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < graph->count; i++)
			if (visit(graph, graph->nodes[i], &changed, err) < 0)
				return -1;
	}
	return 0;
}

void
prune_plan_release(struct prune_plan *plan)
{
	prune_graph_release(&plan->graph);
}

/* A referrer of a doomed node is doomed too: nothing else leads to it. */
static int
doom(struct prune_graph *graph, size_t most_count, struct error **err)
{
	size_t doomed_count = 0;

	for (size_t i = 0; i < graph->count; i++) {
		struct prune_node *node = graph->nodes[i];

		if (node->is_kept || node->is_absent ||
		    (most_count > 0 && doomed_count == most_count))
			continue;
		node->is_doomed = true;
		doomed_count++;
		if (!node->why)
			node->why = xstrdup(node->tags.count > 0 ? "no rule keeps it"
								 : "no kept image refers to it");
		if (prune_graph_add_referrers(graph, node, err) < 0)
			return -1;
	}
	return 0;
}

static void
count(struct prune_plan *plan)
{
	const struct prune_graph *graph = &plan->graph;
	struct digest_set seen = { 0 };

	add_kept_blobs(graph, &seen, &plan->kept_bytes);
	for (size_t i = 0; i < graph->count; i++)
		plan->kept_count += graph->nodes[i]->is_kept;
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
	    doom(graph, rules->most_count, err) < 0)
		return error_wrap(err, "nothing was deleted from '%s'",
				  repository_name(repository));
	count(ret_plan);
	if (ret_plan->kept_count > 0 || ret_plan->doomed_count == 0 || rules->may_keep_nothing)
		return 0;
	error_set(err, ERROR_REFUSED, "the rules keep nothing of '%s'",
		  repository_name(repository));
	error_set_class(err, CLASS_KEEPS_NOTHING);
	return error_set_hint(err, "add a rule: see ocifp-prune(1)");
}

static int
refuse_moved(const char *tag, struct error **err)
{
	error_set(err, ERROR_REFUSED, "tag '%s' was set since the plan was made", QUOTED(tag));
	return error_set_hint(err, "run it again");
}

/* Only tags can have moved: a digest names the same content forever. */
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
is_needed(const struct prune_graph *graph, const struct prune_node *wanted)
{
	for (size_t i = 0; i < graph->count; i++)
		if (graph->nodes[i] != wanted && graph->nodes[i]->is_doomed &&
		    (digest_equal(&graph->nodes[i]->subject, &wanted->root.digest) ||
		     descriptors_has(&graph->nodes[i]->children, &wanted->root.digest)))
			return true;
	return false;
}

/* The doomed nodes that no other doomed node leads to. */
static int
delete_free_ones(struct repository *repository, struct prune_graph *graph, size_t *deleted_count,
		 struct error **err)
{
	for (size_t i = 0; i < graph->count; i++) {
		struct prune_node *node = graph->nodes[i];
		AUTO_ERROR struct error *failure = NULL;

		if (!node->is_doomed || is_needed(graph, node))
			continue;
		node->is_doomed = false;
		/* Absent is success: a registry may delete it together with its parent. */
		if (repository_delete_manifest(repository, &node->root.digest, &failure) != 0 &&
		    !error_is(failure, ERROR_ABSENT))
			return error_pass(err, TAKE_PTR(failure));
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
