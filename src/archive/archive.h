/* SPDX-License-Identifier: Apache-2.0 */
/* archive.h - an image in a tar: oci-archive and docker-archive
 *
 * An oci-archive is an OCI image layout in an uncompressed tar (image-spec, image-layout.md); a
 * docker-archive has a manifest.json instead (`docker save`), or both.  With both it is read as OCI
 * and keeps its digests, unless its index.json is empty.  What we write as docker-archive is the
 * oci-archive plus a manifest.json that points into blobs/sha256/.
 *
 * Reading unpacks nothing: the members are listed once, then blobs are read from their place in the
 * file.
 */
#ifndef OCIFP_ARCHIVE_ARCHIVE_H
#define OCIFP_ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "oci/descriptor.h"

struct archive_image;
struct error;
struct location;
struct store;

/* Writes the image `root`, with all its blobs that the store has, to the location's path: complete
 * or not at all ("-": to stdout).  `tag` (NULL: none) is its name in the archive.  ERROR_USAGE: a
 * docker-archive holds one platform only. */
int archive_write(struct store *store, const struct location *output, const char *tag,
		  const struct descriptor *root, struct error **err);

/* "-" is stdin, which is copied to an unnamed file first.  ERROR_CONTENT: not such a tar, or a
 * compressed one. */
struct archive_image *archive_open(const char *path, struct error **err);

/* ERROR_FAILURE, class "unsupported", if a reference was left out of the list because its digest
 * cannot be checked. */
int archive_check_references(const struct archive_image *archive, struct error **err);

/* References: descriptors with annotation org.opencontainers.image.ref.name.  For a docker-archive
 * without index.json they name manifests that are made from its manifest.json: media types
 * application/vnd.oci.image..., layers as they are in the tar. */
int archive_list_references(const struct archive_image *archive, struct descriptors *ret_references,
			    struct error **err);

/* A document, checked against its digest. */
int archive_read(const struct archive_image *archive, const struct digest *digest, struct buf *buf,
		 bool *ret_found, struct error **err);

/* Opens the archive's file, and returns the offset of a blob in it; the caller closes the
 * descriptor. */
int archive_open_blob(const struct archive_image *archive, const struct digest *digest,
		      uint64_t size_bytes, uint64_t *ret_offset_bytes, struct error **err);

/* ERROR_CONTENT, class "source_changed", when the file has changed since it was opened.  Call it
 * after a blob was read, too. */
int archive_check_unchanged(const struct archive_image *archive, struct error **err);
void archive_close(struct archive_image *archive);
DEFINE_CLEANUP(struct archive_image, archive_close)
#define AUTO_ARCHIVE CLEANUP(archive_close_at)

#endif
