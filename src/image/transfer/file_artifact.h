/* SPDX-License-Identifier: Apache-2.0 */
/* file_artifact.h - files as an artifact, attached to an image or on its own: an SBOM, a test
 * report
 *
 *     manifest: artifactType, the empty config, a layer for each file [, subject]
 *
 * image-spec, manifest.md, "Guidelines for Artifact Usage".  A file's name is the annotation
 * org.opencontainers.image.title of its layer, as in oras.
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

/* "PATH[:MEDIA-TYPE]".  If a file has the whole text as its name, the text is a PATH. */
void artifact_file_parse(const char *text, struct artifact_file *ret_file);
void artifact_file_release(struct artifact_file *file);

/* Pushes the artifact by digest, with the image as its subject. */
int artifact_attach(struct session *session, const struct target *subject,
		    const struct artifact *artifact, struct artifact_result *ret_result,
		    struct error **err);

/* Pushes the artifact under the tags, without a subject. */
int artifact_push(struct session *session, const struct location *place, const struct strings *tags,
		  const struct artifact *artifact, struct artifact_result *ret_result,
		  struct error **err);
void artifact_result_release(struct artifact_result *result);
#define AUTO_ARTIFACT_RESULT CLEANUP(artifact_result_release)

/* Writes each titled layer of a manifest as a file below the directory, which is created.  The
 * content is in the store.  ERROR_CONTENT: a title is not a path below the directory, or comes
 * twice; ERROR_LOCAL: a file exists with other content.  Nothing is written then. */
int artifact_write_files(struct store *store, const struct image_node *root, const char *directory,
			 struct observer *observer, struct error **err);

#endif
