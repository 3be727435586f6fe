/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h - content and times of the files that a build reads
 *
 * The files that git tracks below a directory, outside the caches' own paths, including those of
 * submodules; and their directories, each with a digest of its list of names.  A cache stores this,
 * so that a restore can give unchanged files the times that the cached objects were built against
 * (source_times.h).
 */
#ifndef OCIFP_CACHE_SOURCES_SOURCES_H
#define OCIFP_CACHE_SOURCES_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/strings.h"

struct buf;
struct error;

#define SOURCE_DIGEST_BYTES 32

struct source {
	char *path;    /* from the directory, in byte order; of a directory "" is the root */
	unsigned mode; /* 0100644, 0100755, 0120000 (link), 040000 (directory) */
	uint64_t size; /* of a directory: its number of names */
	uint8_t sha256[SOURCE_DIGEST_BYTES]; /* of the content, the target, the names */
	int64_t mtime_ns;                    /* since 1970 */
	int64_t ctime_ns;                    /* of this machine: never encoded */
	uint64_t inode;                      /* the same */
};

struct sources {
	struct source *items; /* files and directories together */
	size_t count;
	size_t file_count;
	/* Over all paths, modes and contents, without times: equal for "the same source tree". */
	uint8_t tree[SOURCE_DIGEST_BYTES];
};

struct sources_request {
	const char *directory;         /* absolute and real */
	const struct strings *include; /* paths; empty: everything that git tracks */
	const struct strings *exclude; /* paths of caches, relative to the directory */
	bool may_lack_git; /* true: without a repository there are no sources, and no error */
};

/* ERROR_USAGE: not in a git repository, or an `include` without tracked files. ERROR_CONTENT, class
 * "source_changed": a file changed while it was read. */
int sources_collect(const struct sources_request *request, struct sources *ret_sources,
		    struct error **err);
void sources_release(struct sources *sources);
#define AUTO_SOURCES CLEANUP(sources_release)

/* Called again at the end of a save: ERROR_CONTENT, class "source_changed", if a file has changed
 * since sources_collect(), because the saved files may be built from either content. */
int sources_check_unchanged(const struct sources_request *request, const struct sources *sources,
			    struct error **err);

/* The encoded form: ocifp-cache(5), "Sources".  Not compressed. */
int sources_encode(const struct sources *sources, struct buf *ret_bytes, struct error **err);

/* Parses untrusted bytes: ERROR_CONTENT for anything that sources_encode() does not write. */
int sources_decode(const void *bytes, size_t size, struct sources *ret_sources, struct error **err);

const struct source *sources_find(const struct sources *sources, const char *path);

#endif
