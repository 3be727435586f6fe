/* SPDX-License-Identifier: Apache-2.0 */
/* A repository that is an archive: an image in a tar, which is only read. */
#include <stddef.h>
#include <string.h>

#include "archive/archive.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/annotation.h"
#include "oci/location.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "repository/backend.h"
#include "repository/local_jobs.h"
#include "stream/source.h"

#define CONTAINERD_NAME "io.containerd.image.name" /* `docker save` adds it to a bare tag */

struct archive_repository {
	struct repository repository;
	struct archive_image *archive;
	struct local_jobs jobs;
};

static struct archive_repository *
archive_of(struct repository *repository)
{
	return (struct archive_repository *)repository;
}

static bool
is_named(const struct descriptor *reference, const char *tag)
{
	const char *name = descriptor_annotation(reference, ANNOTATION_REF_NAME);
	const char *full = descriptor_annotation(reference, CONTAINERD_NAME);

	return (name && strcmp(name, tag) == 0) || (full && strcmp(full, tag) == 0);
}

/* In docker's names "app" is docker.io/library/app:latest. */
static bool
is_docker_name(const struct descriptor *reference, const char *tag)
{
	const char *full = descriptor_annotation(reference, CONTAINERD_NAME);
	const char *name = full ? full : descriptor_annotation(reference, ANNOTATION_REF_NAME);
	AUTO_FREE char *found = name ? reference_docker_name(name) : NULL;
	AUTO_FREE char *wanted = reference_docker_name(tag);

	return found && wanted && strcmp(found, wanted) == 0;
}

/* The tag of a whole reference, "host/name:tag". */
static bool
ends_with_tag(const struct descriptor *reference, const char *tag)
{
	const char *name = descriptor_annotation(reference, ANNOTATION_REF_NAME);
	const char *colon = name ? strrchr(name, ':') : NULL;

	return colon && strcmp(colon + 1, tag) == 0;
}

static bool
is_any(const struct descriptor *reference, const char *tag)
{
	(void)reference;
	(void)tag;
	return true;
}

/* *ret_found NULL: none.  Several references to one image are not ambiguous. */
static int
find_one(const struct archive_repository *self, const struct descriptors *references,
	 bool (*matches)(const struct descriptor *reference, const char *tag), const char *tag,
	 const struct descriptor **ret_found, struct error **err)
{
	const struct descriptor *found = NULL;

	for (size_t i = 0; i < references->count; i++) {
		if (!matches(&references->items[i], tag))
			continue;
		if (found && !digest_equal(&found->digest, &references->items[i].digest)) {
			error_set(err, ERROR_USAGE, "'%s' contains several images%s%s%s",
				  self->repository.name, tag ? " named '" : "",
				  tag ? QUOTED(tag) : "", tag ? "'" : "");
			return error_set_hint(err, "choose one by %s",
					      tag ? "its full name, 'host/name:tag'"
						  : "':TAG' after the path");
		}
		found = &references->items[i];
	}
	*ret_found = found;
	return 0;
}

static int
find_reference(const struct archive_repository *self, const struct descriptors *references,
	       const char *tag, const struct descriptor **ret_found, struct error **err)
{
	static bool (*const ways[])(const struct descriptor *, const char *) = {
		is_named,
		is_docker_name,
		ends_with_tag,
	};

	if (!tag)
		return find_one(self, references, is_any, tag, ret_found, err);
	*ret_found = NULL;
	for (size_t i = 0; i < 3 && !*ret_found; i++)
		if (find_one(self, references, ways[i], tag, ret_found, err) < 0)
			return -1;
	return 0;
}

static int
resolve(struct repository *repository, const char *tag, const struct digest *digest,
	struct resolution *resolution, struct error **err)
{
	struct archive_repository *self = archive_of(repository);
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	const struct descriptor *reference = NULL;

	if (archive_list_references(self->archive, &references, err) < 0)
		return -1;
	if (!digest && find_reference(self, &references, tag, &reference, err) < 0)
		return -1;
	if (!digest && (!tag || !reference) && archive_check_references(self->archive, err) < 0)
		return -1;
	if (digest || reference) {
		const struct digest *wanted = digest ? digest : &reference->digest;
		const char *media_type = digest ? NULL : reference->media_type;
		bool found = false;

		if (archive_read(self->archive, wanted, &resolution->bytes, &found, err) < 0)
			return -1;
		if (!found && !digest)
			return error_set(err, ERROR_CONTENT,
					 "'%s' refers to '%s', but does not contain it",
					 self->repository.name, digest_text(wanted).text);
		resolution->evidence.presence = found ? PRESENCE_PRESENT : PRESENCE_ABSENT;
		return found ? resolution_describe(resolution, wanted, media_type, err) : 0;
	}
	resolution->evidence.presence = PRESENCE_ABSENT;
	return 0;
}

static int
has_manifest(struct repository *repository, const struct digest *digest, bool *ret_found,
	     struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);

	return archive_read(archive_of(repository)->archive, digest, &bytes, ret_found, err);
}

struct archive_job {
	struct local_job job; /* first */
	struct archive_image *archive;
	struct digest digest;
	uint64_t size_bytes;
	struct body *body;
};

static int
run_job(struct local_job *job, enum blob_outcome *ret_outcome, bool *ret_again, struct error **err)
{
	struct archive_job *self = (struct archive_job *)job;
	AUTO_CLOSE int fd = -1;
	struct source source;
	uint64_t offset_bytes = 0;
	AUTO_ERROR struct error *failure = NULL;
	int ret;

	(void)ret_again;
	*ret_outcome = BLOB_MOVED;
	fd = archive_open_blob(self->archive, &self->digest, self->size_bytes, &offset_bytes, err);
	if (fd < 0)
		return -1;
	source = source_of_fd(fd, self->size_bytes);
	source.offset_bytes = offset_bytes;
	/* Reports "file changed" rather than the digest mismatch that follows from it. */
	ret = copy_source(&source, self->body, NULL, &self->digest, &failure);
	if (archive_check_unchanged(self->archive, err) < 0)
		return -1;
	return ret < 0 ? error_pass(err, TAKE_PTR(failure)) : 0;
}

static void
free_job(struct local_job *job)
{
	free(job);
}

static int
get_blob(struct repository *repository, const struct descriptor *descriptor, struct body *body,
	 blob_done *done, void *context, struct error **err)
{
	struct archive_repository *self = archive_of(repository);
	struct archive_job *job = XNEW(struct archive_job);

	(void)err;
	job->job.done = done;
	job->job.context = context;
	job->job.run = run_job;
	job->job.free = free_job;
	job->archive = self->archive;
	job->digest = descriptor->digest;
	job->size_bytes = descriptor->size_bytes;
	job->body = body;
	local_jobs_add(&self->jobs, &job->job);
	return 0;
}

static int
step(struct repository *repository, const struct watched *also, int most_ms, struct error **err)
{
	(void)err;
	local_jobs_step(&archive_of(repository)->jobs, also, most_ms);
	return 0;
}

static int
open_blob(struct repository *repository, const struct descriptor *descriptor, int *ret_fd,
	  uint64_t *ret_offset_bytes, struct error **err)
{
	*ret_fd = archive_open_blob(archive_of(repository)->archive, &descriptor->digest,
				    descriptor->size_bytes, ret_offset_bytes, err);
	return *ret_fd < 0 ? -1 : 0;
}

static int
list_tags(struct repository *repository, struct strings *tags, struct strings *others,
	  struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors references = { 0 };

	(void)others;
	if (archive_list_references(archive_of(repository)->archive, &references, err) < 0)
		return -1;
	references_add_tags(&references, tags);
	return 0;
}

static void
free_repository(struct repository *repository)
{
	struct archive_repository *self = archive_of(repository);

	local_jobs_release(&self->jobs);
	archive_close(self->archive);
	free(repository->name);
	free(self);
}

struct repository *
repository_open_archive(const struct location *location, struct error **err)
{
	static const struct repository_ops ops = {
		.resolve = resolve,
		.has_manifest = has_manifest,
		.get_blob = get_blob,
		.step = step,
		.open_blob = open_blob,
		.list_tags = list_tags,
		.free = free_repository,
	};
	struct archive_image *archive = archive_open(location->path, err);
	struct archive_repository *self;

	if (!archive)
		return NULL;
	self = XNEW(struct archive_repository);
	self->repository.ops = &ops;
	self->repository.name = location_repository(location);
	self->archive = archive;
	return &self->repository;
}
