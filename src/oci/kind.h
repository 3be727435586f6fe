/* SPDX-License-Identifier: Apache-2.0 */
/* kind.h - which of the registry's documents a JSON object is, for the parsers of this folder
 *
 * A manifest and an index share a URL, and a document that can be read as both means different
 * content to different clients: CVE-2021-41190, and image-spec, manifest.md, "mediaType".
 */
#ifndef OCIFP_OCI_KIND_H
#define OCIFP_OCI_KIND_H

#include <jansson.h>

#include "oci/media_type.h"

struct error;

struct kind {
	enum document_kind kind;
	const char *media_type; /* borrowed from `said` or the document; NULL: nobody says */
};

/* `said`: what the registry or a descriptor called it, or NULL.  Errors as manifest_kind(). */
int kind_find(const json_t *document, const char *said, struct kind *ret_kind, struct error **err);

/* Like kind_find(); another kind than `wanted` is ERROR_CONTENT, and one of its media types is
 * assumed when nobody says. */
int kind_require(const json_t *document, const char *said, enum document_kind wanted,
		 struct kind *ret_kind, struct error **err);

#endif
