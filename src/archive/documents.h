/* SPDX-License-Identifier: Apache-2.0 */
/* documents.h - the documents of an archive that we write; strings are the caller's */
#ifndef OCIFP_ARCHIVE_DOCUMENTS_H
#define OCIFP_ARCHIVE_DOCUMENTS_H

#include <stdbool.h>

struct descriptor;
struct manifest;

#define DOCUMENTS_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

/* index.json (image-spec, image-layout.md) with one entry; NULL: the tag is no UTF-8, or no name to
 * docker. */
char *documents_index(const struct descriptor *root, bool is_docker, const char *tag);

/* manifest.json as `docker load` reads it.  RepoTags has the tag when it is a whole reference,
 * "[host/]name:tag"; docker takes nothing else. */
char *documents_manifest(const struct manifest *manifest, const char *tag);

#endif
