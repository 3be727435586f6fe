/* SPDX-License-Identifier: Apache-2.0 */
/* file_artifact.h - files as an artifact: an SBOM, a test report, of an image or alone
 *
 *     manifest: artifactType, the empty config, a layer for each file [, subject]
 *
 * image-spec, manifest.md, "Guidelines for Artifact Usage".  A file's name is the annotation
 * org.opencontainers.image.title of its layer, as oras has it.
 */
#ifndef OCIFP_IMAGE_TRANSFER_FILE_ARTIFACT_H
#define OCIFP_IMAGE_TRANSFER_FILE_ARTIFACT_H

#include <stddef.h>

#include <jansson.h>

#include "oci/digest.h"

struct error;
struct image_node;
struct location;
struct observer;
struct session;
struct store;
struct strings;
struct target;

struct artifact_file {
	char *path;
	char *media_type;
};

struct artifact {
	const char *type; /* a media type */
	const struct artifact_file *files;
	size_t file_count;
	json_t *annotations; /* of the manifest; NULL: none */
};

struct artifact_result {
	char *repository;
	struct digest digest;
	struct digest subject; /* DIGEST_NONE: it has none */
};

/* "PATH[:MEDIA-TYPE]"; a file of the whole name counts before that. */
void artifact_file_parse(const char *text, struct artifact_file *ret_file);
void artifact_file_release(struct artifact_file *file);

/* Refers to the image; by digest alone. */
int artifact_attach(struct session *session, const struct target *subject,
		    const struct artifact *artifact, struct artifact_result *ret_result,
		    struct error **err);

/* Of its own, under the tags. */
int artifact_push(struct session *session, const struct location *place, const struct strings *tags,
		  const struct artifact *artifact, struct artifact_result *ret_result,
		  struct error **err);
void artifact_result_release(struct artifact_result *result);
#define AUTO_ARTIFACT_RESULT CLEANUP(artifact_result_release)

/* Each layer of a manifest that has a title, as a file below the directory, which is made.  The
 * content is in the store.  ERROR_CONTENT: a title that is not a path below it, or that comes
 * twice; ERROR_LOCAL: a file with other content is there.  Nothing is written then. */
int artifact_write_files(struct store *store, const struct image_node *root, const char *directory,
			 struct observer *observer, struct error **err);

#endif
