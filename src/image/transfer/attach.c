/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/attach.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/put_blob.h"
#include "oci/manifest.h"
#include "repository/repository.h"

#define TITLE "org.opencontainers.image.title"

void
attached_file_parse(const char *text, struct attached_file *ret_file)
{
	const char *colon = strrchr(text, ':');
	bool is_whole = !colon || !media_type_is_valid(colon + 1) || access(text, F_OK) == 0;

	*ret_file = (struct attached_file){
		.path = is_whole ? xstrdup(text) : xstrndup(text, (size_t)(colon - text)),
		.media_type = xstrdup(is_whole ? "application/octet-stream" : colon + 1),
	};
}

void
attached_file_release(struct attached_file *file)
{
	free(file->path);
	free(file->media_type);
	*file = (struct attached_file){ 0 };
}

static const char *
title_of(const struct attached_file *file)
{
	const char *slash = strrchr(file->path, '/');

	return slash ? slash + 1 : file->path;
}

/* Whoever fetches them puts them into one directory. */
static int
check_titles(const struct attach_options *options, struct error **err)
{
	for (size_t i = 0; i < options->file_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(title_of(&options->files[i]), title_of(&options->files[j])) == 0)
				return error_set(err, ERROR_USAGE, "two files have the name '%s'",
						 title_of(&options->files[i]));
	return 0;
}

static int
add_file(struct repository *repository, const struct attached_file *file, struct manifest *manifest,
	 struct error **err)
{
	AUTO_DESCRIPTOR struct descriptor layer = { 0 };
	AUTO_CLOSE int fd = file_open(AT_FDCWD, file->path, err);

	if (fd < 0)
		return -1;
	if (put_blob_file(repository, fd, file->media_type, &layer, NULL, err) < 0)
		return error_wrap(err, "'%s'", QUOTED(file->path));
	layer.annotations = json_pack("{s:s}", TITLE, title_of(file));
	if (!layer.annotations)
		return error_set(err, ERROR_USAGE, "the name '%s' is not in UTF-8",
				 QUOTED(file->path));
	descriptors_take(&manifest->layers, &layer);
	return 0;
}

static int
put_parts(struct repository *repository, const struct attach_options *options,
	  struct manifest *manifest, struct error **err)
{
	for (size_t i = 0; i < options->file_count; i++)
		if (add_file(repository, &options->files[i], manifest, err) < 0)
			return -1;
	return put_blob_bytes(repository, "{}", 2, MEDIA_OCI_EMPTY, &manifest->config, err);
}

static int
put_manifest(struct repository *repository, const struct manifest *manifest,
	     struct digest *ret_digest, struct error **err)
{
	AUTO_FREE char *text = manifest_format(manifest);
	AUTO_DESCRIPTOR struct descriptor descriptor = {
		.media_type = xstrdup(MEDIA_OCI_MANIFEST),
		.digest = digest_of(DIGEST_SHA256, text, strlen(text)),
		.size_bytes = strlen(text),
	};
	struct put_result ignored;

	*ret_digest = descriptor.digest;
	return repository_put_manifest(repository, NULL, &descriptor, text, &ignored, err);
}

static int
attach(struct repository *repository, const struct descriptor *subject,
       const struct attach_options *options, struct digest *ret_digest, struct error **err)
{
	AUTO_MANIFEST struct manifest manifest = {
		.artifact_type = xstrdup(options->artifact_type),
		.has_subject = true,
		.annotations = options->annotations ? json_deep_copy(options->annotations) : NULL,
	};

	descriptor_copy(subject, &manifest.subject);
	if (put_parts(repository, options, &manifest, err) < 0)
		return -1;
	return put_manifest(repository, &manifest, ret_digest, err);
}

int
attach_files(struct session *session, const struct target *subject,
	     const struct attach_options *options, struct attach_result *ret_result,
	     struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	const struct location *place;

	if (check_titles(options, err) < 0 ||
	    find_required_image(session, subject, &found, err) < 0)
		return -1;
	place = &subject->candidates[found.place];
	repository = repository_open(session, place, REPOSITORY_WRITE, err);
	if (!repository ||
	    attach(repository, &found.root.descriptor, options, &ret_result->digest, err) < 0)
		return error_wrap(err, "cannot attach to it");
	ret_result->subject = found.root.descriptor.digest;
	ret_result->repository = location_repository(place);
	return 0;
}

void
attach_result_release(struct attach_result *result)
{
	free(result->repository);
	*result = (struct attach_result){ 0 };
}
