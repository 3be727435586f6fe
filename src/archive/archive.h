/* SPDX-License-Identifier: Apache-2.0 */
/* archive.h - an image in a tar: oci-archive and docker-archive
 *
 * An oci-archive is an OCI image layout in an uncompressed tar (image-spec, image-layout.md); a
 * docker-archive has a manifest.json instead (`docker save`), or both: then it is read as OCI and
 * keeps its digests, unless its index.json lists nothing.  What we write as docker-archive is the
 * oci-archive plus a manifest.json that points into blobs/sha256/.
 *
 * Reading never unpacks: members are found once, blobs are then read where they lie in the file.
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

/* Writes the image that `root` names, with all that the store has of it, to the location's path:
 * whole or not at all ("-": to stdout).  `tag` (NULL: none) names it in the archive; a
 * docker-archive holds one platform, else ERROR_USAGE. */
int archive_write(struct store *store, const struct location *output, const char *tag,
		  const struct descriptor *root, struct error **err);

/* "-" is stdin, which is spooled to an unnamed file first.  Anything but such a tar, or a
 * compressed one, is ERROR_CONTENT. */
struct archive_image *archive_open(const char *path, struct error **err);

/* ERROR_FAILURE, class "unsupported", when one of its references has a digest that cannot be
 * checked and is therefore not among those that are listed. */
int archive_check_references(const struct archive_image *archive, struct error **err);

/* References: descriptors with annotation org.opencontainers.image.ref.name.  Those of a
 * docker-archive without index.json name manifests that are made up from its manifest.json:
 * media types application/vnd.oci.image..., layers as they lie in the tar. */
int archive_list_references(const struct archive_image *archive, struct descriptors *ret_references,
			    struct error **err);

/* A document, checked against its digest. */
int archive_read(const struct archive_image *archive, const struct digest *digest, struct buf *buf,
		 bool *ret_found, struct error **err);

/* Where a blob lies; the descriptor is the caller's to close. */
int archive_open_blob(const struct archive_image *archive, const struct digest *digest,
		      uint64_t size_bytes, uint64_t *ret_offset_bytes, struct error **err);

/* ERROR_CONTENT, class "source_changed", when the file is not the one that was opened: asked after
 * a blob was read too. */
int archive_check_unchanged(const struct archive_image *archive, struct error **err);
void archive_close(struct archive_image *archive);
DEFINE_CLEANUP(struct archive_image, archive_close)
#define AUTO_ARCHIVE CLEANUP(archive_close_at)

#endif
