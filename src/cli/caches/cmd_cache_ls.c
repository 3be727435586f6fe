/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/format/artifact.h"
#include "cli/caches/cmd_cache.h"
#include "cli/context.h"
#include "cli/output/columns.h"
#include "cli/output/page.h"
#include "oci/annotation.h"
#include "oci/digest_set.h"
#include "oci/document.h"
#include "repository/repository.h"

struct listing {
	struct columns columns;
	json_t *caches;
	struct digest_set blobs; /* counted */
	uint64_t total_bytes;
	size_t count;
};

/* A blob that several caches share counts once. */
static uint64_t
count_blobs(struct listing *listing, const struct cache_artifact *artifact)
{
	const struct descriptors *layers = &artifact->manifest.layers;
	uint64_t packed_bytes = 0;

	for (size_t i = 0; i < layers->count; i++) {
		packed_bytes += layers->items[i].size_bytes;
		if (!digest_set_has(&listing->blobs, &layers->items[i].digest)) {
			digest_set_add(&listing->blobs, &layers->items[i].digest);
			listing->total_bytes += layers->items[i].size_bytes;
		}
	}
	return packed_bytes;
}

static void
add_cache(struct listing *listing, const char *repository, const struct strings *tags,
	  const struct cache_artifact *artifact)
{
	const char *name = manifest_annotation(&artifact->manifest, ANNOTATION_CACHE_NAME);
	const char *created = manifest_annotation(&artifact->manifest, ANNOTATION_CREATED);
	const char *scope = manifest_annotation(&artifact->manifest, ANNOTATION_CACHE_SCOPE);
	uint64_t packed_bytes = count_blobs(listing, artifact);
	struct columns *columns = &listing->columns;

	if (listing->count == 0) {
		static const char *const titles[] = { "AGE",    "FILES", "SIZE",
						      "PACKED", "NAME",  "SCOPE" };

		for (size_t i = 0; i < COUNT_OF(titles); i++)
			columns_add(columns, titles[i]);
	}
	columns_take(columns, text_of_age(artifact->created_s, (int64_t)time(NULL)));
	columns_take(columns, xasprintf("%" PRIu64, artifact->file_count));
	columns_take(columns, text_bytes(artifact->total_bytes));
	columns_take(columns, text_bytes(packed_bytes));
	columns_add(columns, name ? name : "-");
	columns_add(columns, scope ? scope : "-");
	json_array_append_new(listing->caches,
			      json_pack("{s:s?, s:s?, s:s, s:s, s:s?, s:I, s:I, s:I, s:o}", "name",
					name, "scope", scope, "repository", repository, "digest",
					digest_text(&artifact->digest).text, "created", created,
					"files", (json_int_t)artifact->file_count, "bytes",
					(json_int_t)artifact->total_bytes, "packed_bytes",
					(json_int_t)packed_bytes, "tags", json_strings(tags)));
	listing->count++;
}

/* Skips images and artifacts that are not caches. */
static int
look_at(struct listing *listing, struct repository *repository, struct holding *holding,
	struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { .bytes = BUF_INIT(MANIFEST_LIMIT_BYTES) };
	AUTO_CACHE_ARTIFACT struct cache_artifact artifact = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	const struct buf *bytes = &holding->bytes;

	if (bytes->size == 0) {
		if (repository_resolve(repository, NULL, &holding->digest, &resolution, err) < 0)
			return -1;
		bytes = &resolution.bytes;
	}
	strings_sort(&holding->tags);
	if (cache_artifact_parse(bytes->data, bytes->size, &artifact, &ignored) == 0)
		add_cache(listing, repository_name(repository), &holding->tags, &artifact);
	return 0;
}

static void
listing_release(struct listing *listing)
{
	columns_release(&listing->columns);
	json_decref(listing->caches);
	digest_set_release(&listing->blobs);
}

static int
run_ls(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	const struct cache_values *values = opaque;
	CLEANUP(listing_release)
	struct listing listing = { .columns = { .alignment = "lrrrll" }, .caches = json_array() };
	AUTO_PAGE struct page page = { 0 };
	AUTO_STRINGS struct strings places = { 0 };
	AUTO_FREE char *total = NULL;
	AUTO_FREE char *text = NULL;

	if (cache_command_repositories(context, values, operands, &places, err) < 0)
		return -1;
	for (size_t i = 0; i < places.count; i++) {
		AUTO_REPOSITORY struct repository *repository =
			cache_command_open(context, places.items[i], REPOSITORY_READ, err);
		AUTO_HOLDINGS struct holdings holdings = { 0 };

		if (!repository || repository_list_holdings(repository, &holdings, err) < 0)
			return -1;
		for (size_t j = 0; j < holdings.count; j++)
			if (look_at(&listing, repository, &holdings.items[j], err) < 0)
				return -1;
	}
	total = text_bytes(listing.total_bytes);
	columns_print(&listing.columns, &page);
	page_add(&page, "%zu cache%s, %s\n", listing.count, PLURAL_S(listing.count), total);
	text = page_take(&page);
	return context_result(context, text,
			      json_pack("{s:O, s:I}", "caches", listing.caches, "total_bytes",
					(json_int_t)listing.total_bytes),
			      err);
}

static const struct option_spec ls_options[] = {
	{ "repository", 0, OPTION_STRING, CACHE_AT(repository), "REF",
	  "list this repository instead of those of the project file" },
	{ 0 },
};

const struct command cmd_cache_ls = {
	.name = "ls",
	.summary = "list the caches of a repository",
	.usage = "[--repository REF] [NAME...]",
	.options = ls_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_ls,
};
