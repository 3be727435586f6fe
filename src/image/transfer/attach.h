/* SPDX-License-Identifier: Apache-2.0 */
/* attach.h - files as an artifact that refers to an image: an SBOM, a test report
 *
 *     manifest: artifactType, the empty config, a layer for each file, subject
 *
 * image-spec, manifest.md, "Guidelines for Artifact Usage".  A file's name is the annotation
 * org.opencontainers.image.title of its layer, as oras has it.
 */
#ifndef OCIFP_IMAGE_TRANSFER_ATTACH_H
#define OCIFP_IMAGE_TRANSFER_ATTACH_H

#include <stddef.h>

#include <jansson.h>

#include "oci/digest.h"

struct error;
struct session;
struct target;

struct attached_file {
	char *path;
	char *media_type;
};

struct attach_options {
	const char *artifact_type;
	const struct attached_file *files;
	size_t file_count;
	json_t *annotations; /* of the manifest; NULL: none */
};

struct attach_result {
	char *repository;
	struct digest digest;
	struct digest subject;
};

/* "PATH[:MEDIA-TYPE]"; a file of the whole name counts before that. */
void attached_file_parse(const char *text, struct attached_file *ret_file);
void attached_file_release(struct attached_file *file);

int attach_files(struct session *session, const struct target *subject,
		 const struct attach_options *options, struct attach_result *ret_result,
		 struct error **err);
void attach_result_release(struct attach_result *result);
#define AUTO_ATTACH_RESULT CLEANUP(attach_result_release)

#endif
