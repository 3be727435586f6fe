/* SPDX-License-Identifier: Apache-2.0 */
/* contents.h - the blobs that go into an archive: all that a root leads to and the store has
 *
 * An index may list what was never fetched: that is left out.  A manifest that is the root itself
 * is whole, else ERROR_CONTENT.
 */
#ifndef OCIFP_ARCHIVE_CONTENTS_H
#define OCIFP_ARCHIVE_CONTENTS_H

#include "base/cleanup.h"
#include "oci/manifest.h"

struct error;
struct store;

struct contents {
	struct descriptors blobs; /* sorted by digest, each once; only digest and size count */
	enum document_kind kind;  /* of the root */
	struct manifest manifest; /* when that is DOCUMENT_MANIFEST */
};

int contents_collect(struct store *store, const struct descriptor *root,
		     struct contents *ret_contents, struct error **err);
void contents_release(struct contents *contents);
#define AUTO_CONTENTS CLEANUP(contents_release)

#endif
