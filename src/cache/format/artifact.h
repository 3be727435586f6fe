/* SPDX-License-Identifier: Apache-2.0 */
/* artifact.h - the manifest of a cache
 *
 *     artifactType   application/vnd.ocifp.cache.v1
 *     config         application/vnd.ocifp.cache.config.v1+json: cache_config_format()
 *     layers[0]      application/vnd.ocifp.cache.index.v1+zstd: index_head.h
 *     layers[...]    application/vnd.ocifp.cache.index-pack.v1+zstd: chunks of the index
 *     layers[...]    application/vnd.ocifp.cache.pack.v1+zstd: chunks of content
 *     layers[...]    application/vnd.ocifp.cache.executables.v1+zstd: chunks of executables alone
 *
 * Every pack that the index speaks of is a layer, so that a manifest restores alone and a registry
 * that drops what no manifest names drops nothing that is needed.
 */
#ifndef OCIFP_CACHE_FORMAT_ARTIFACT_H
#define OCIFP_CACHE_FORMAT_ARTIFACT_H

#include <stdint.h>

#include "oci/manifest.h"

struct error;
struct strings;

#define MEDIA_CACHE "application/vnd.ocifp.cache.v1"
#define MEDIA_CACHE_CONFIG "application/vnd.ocifp.cache.config.v1+json"
#define MEDIA_CACHE_INDEX "application/vnd.ocifp.cache.index.v1+zstd"
#define MEDIA_CACHE_INDEX_PACK "application/vnd.ocifp.cache.index-pack.v1+zstd"
#define MEDIA_CACHE_PACK "application/vnd.ocifp.cache.pack.v1+zstd"
#define MEDIA_CACHE_EXECUTABLES "application/vnd.ocifp.cache.executables.v1+zstd"

#define ANNOTATION_CACHE_NAME "dev.ocifp.cache.name"
#define ANNOTATION_CACHE_KEY "dev.ocifp.cache.key"
#define ANNOTATION_CACHE_SCOPE "dev.ocifp.cache.scope" /* "branch main", "pull request 5" */
#define ANNOTATION_CACHE_VARIANT "dev.ocifp.cache.variant"
#define ANNOTATION_CACHE_PRUNED "dev.ocifp.cache.pruned" /* seconds since 1970 */
#define ANNOTATION_CACHE_BYTES "dev.ocifp.cache.bytes"
#define ANNOTATION_CACHE_FILES "dev.ocifp.cache.files"
#define ANNOTATION_CACHE_NEWEST "dev.ocifp.cache.newest"
#define ANNOTATION_TITLE "org.opencontainers.image.title"

/* A manifest with its parts identified.  Of its annotations only the sizes are used, to check the
 * free disk space. */
struct cache_artifact {
	struct manifest manifest;
	struct digest digest;          /* of the manifest */
	const struct descriptor *head; /* index into the layers, as the next three */
	struct descriptors index_packs;
	struct descriptors packs;
	struct descriptors executables; /* packs that a restore may leave out */
	uint64_t total_bytes;           /* of the files in it */
	uint64_t file_count;
	int64_t newest_ns; /* the latest time in it */
	int64_t created_s; /* 0: not stated */
};

/* ERROR_CONTENT, class "no_cache": not a cache, or one of a later version. */
int cache_artifact_parse(const void *bytes, size_t size, struct cache_artifact *ret_artifact,
			 struct error **err);
void cache_artifact_release(struct cache_artifact *artifact);
#define AUTO_CACHE_ARTIFACT CLEANUP(cache_artifact_release)

/* The facts about a new cache that become annotations; NULL: left out.  All borrowed. */
struct cache_facts {
	const char *name;
	const char *key;
	const char *scope;
	const char *variant;
	const char *revision;        /* of git */
	const char *pruned;          /* when old caches were last deleted, in seconds since 1970 */
	const struct strings *paths; /* the labels of its directories */
	const struct digest *parent; /* the cache that it reuses */
	uint64_t total_bytes;
	uint64_t file_count;
	uint64_t newest_ns;
};

json_t *cache_annotations(const struct cache_facts *facts); /* the caller's reference */
char *cache_config_format(const struct cache_facts *facts); /* the config's bytes, the caller's */

/* A layer; `name` is the file name for `oras pull`: NAME-<hex>.zst. */
struct descriptor cache_layer(const char *media_type, const char *name, const struct digest *digest,
			      uint64_t size_bytes);

#endif
