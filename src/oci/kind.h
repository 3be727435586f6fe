/* SPDX-License-Identifier: Apache-2.0 */
/* kind.h - the kind of a registry's JSON document, for the parsers of this folder
 *
 * A manifest and an index share a URL, and clients may disagree about a document that can be read
 * as both: CVE-2021-41190, and image-spec, manifest.md, "mediaType".
 */
#ifndef OCIFP_OCI_KIND_H
#define OCIFP_OCI_KIND_H

#include <jansson.h>

#include "oci/media_type.h"

struct error;

struct kind {
	enum document_kind kind;
	const char *media_type; /* borrowed from `said` or the document; NULL: not stated */
};

/* `said`: the type that the registry or a descriptor stated, or NULL.  Errors as manifest_kind().
 */
int kind_find(const json_t *document, const char *said, struct kind *ret_kind, struct error **err);

/* As kind_find(), but another kind than `wanted` is ERROR_CONTENT, and without a stated type the
 * document is taken as `wanted`. */
int kind_require(const json_t *document, const char *said, enum document_kind wanted,
		 struct kind *ret_kind, struct error **err);

#endif
