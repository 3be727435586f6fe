/* SPDX-License-Identifier: Apache-2.0 */
/* A repository that is a layout directory; the user's own store is one too. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "oci/index.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "oci/referrer.h"
#include "repository/backend.h"
#include "repository/local_jobs.h"
#include "repository/session.h"
#include "store/ingest.h"
#include "store/store.h"
#include "stream/source.h"

struct layout_repository {
	struct repository repository;
	struct session *session;
	char *path;          /* NULL: the store is borrowed */
	struct store *store; /* NULL: the directory does not exist yet */
	struct local_jobs jobs;
};

static struct layout_repository *
layout_of(struct repository *repository)
{
	return (struct layout_repository *)repository;
}

static int
refuse_absent(const struct repository *repository, const char *what, struct error **err)
{
	return error_set(err, ERROR_ABSENT, "'%s' has no '%s'", repository->name, what);
}

struct copy_job {
	struct local_job job; /* first */
	struct store *store;
	struct descriptor descriptor; /* media type does not matter here */
	struct body *body;            /* out */
	const struct source *source;  /* in */
	struct observer *observer;
};

static void
copy_job_free(struct local_job *job)
{
	descriptor_release(&((struct copy_job *)job)->descriptor);
	free(job);
}

static int
copy_out(struct local_job *job, enum blob_outcome *ret_outcome, bool *ret_again, struct error **err)
{
	struct copy_job *self = (struct copy_job *)job;
	AUTO_CLOSE int fd = -1;
	struct source source;
	uint64_t size_bytes;

	(void)ret_again;
	*ret_outcome = BLOB_MOVED;
	fd = store_open_blob(self->store, &self->descriptor.digest, &size_bytes, err);
	if (fd < 0)
		return -1;
	source = source_of_fd(fd, size_bytes);
	return copy_source(&source, self->body, self->observer, &self->descriptor.digest, err);
}

static int
copy_in(struct local_job *job, enum blob_outcome *ret_outcome, bool *ret_again, struct error **err)
{
	struct copy_job *self = (struct copy_job *)job;
	CLEANUP(ingest_free_at) struct ingest *ingest = NULL;
	enum ingest_state state;

	if (ingest_open(self->store, &self->descriptor, &state, &ingest, err) < 0)
		return -1;
	*ret_again = state == INGEST_BUSY;
	*ret_outcome = state == INGEST_PRESENT ? BLOB_EXISTED : BLOB_MOVED;
	if (state != INGEST_OPEN)
		return 0;
	return copy_source(self->source, ingest_body(ingest), self->observer,
			   &self->descriptor.digest, err);
}

static struct copy_job *
copy_job_new(struct store *store, blob_done *done, void *context)
{
	struct copy_job *self = XNEW(struct copy_job);

	self->job.done = done;
	self->job.context = context;
	self->job.free = copy_job_free;
	self->store = store;
	return self;
}

/* Referrers are the manifests in index.json with that subject, as ocifp and oras write them, and
 * the entries of the index under the tag "<alg>-<hex>", which a copy from a registry without the
 * referrers API may have brought. */
struct search {
	struct store *store;
	const struct digest *subject;
	const char *artifact_type;
	struct descriptors *found;
};

static void
add(const struct search *search, const struct descriptor *entry)
{
	if (!descriptors_has(search->found, &entry->digest) &&
	    referrer_fits(entry, search->artifact_type))
		descriptors_add(search->found, entry);
}

static int
look_at(const struct search *search, const struct descriptor *reference, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_REFERRER struct referrer referrer = { 0 };
	struct descriptor itself = *reference;
	bool found = false;

	if (media_type_kind(reference->media_type) == DOCUMENT_OTHER)
		return 0;
	if (store_read(search->store, &reference->digest, &bytes, &found, err) < 0)
		return -1;
	itself.size_bytes = bytes.size;
	if (!found)
		return 0;
	if (referrer_parse(&itself, bytes.data, &referrer, &found, err) < 0)
		return -1;
	if (found && digest_equal(&referrer.subject, search->subject))
		add(search, &referrer.entry);
	return 0;
}

static int
look_under_tag(const struct search *search, struct error **err)
{
	AUTO_FREE char *tag = referrer_tag(search->subject);
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_DESCRIPTOR struct descriptor named = { 0 };
	AUTO_INDEX struct image_index index = { 0 };
	bool found = false;

	if (store_find_reference(search->store, tag, &named, &found, err) < 0)
		return -1;
	if (!found)
		return 0;
	if (store_read(search->store, &named.digest, &bytes, &found, err) < 0)
		return -1;
	if (found && image_index_parse(bytes.data, bytes.size, named.media_type, &index, err) < 0)
		return error_wrap(err, "tag '%s'", tag);
	for (size_t i = 0; i < index.manifests.count; i++)
		add(search, &index.manifests.items[i]);
	return 0;
}

static int
find_referrers(struct store *store, const struct digest *subject, const char *artifact_type,
	       struct descriptors *ret_referrers, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	AUTO_DESCRIPTORS struct descriptors found = { 0 };
	const struct search search = {
		.store = store,
		.subject = subject,
		.artifact_type = artifact_type,
		.found = &found,
	};

	if (store_list_references(store, &references, true, err) < 0)
		return -1;
	for (size_t i = 0; i < references.count; i++)
		if (look_at(&search, &references.items[i], err) < 0)
			return -1;
	if (look_under_tag(&search, err) < 0)
		return -1;
	for (size_t i = 0; i < found.count; i++)
		descriptors_take(ret_referrers, &found.items[i]);
	return 0;
}

static struct store *
writable_store(struct layout_repository *self, struct error **err)
{
	struct store_options options = session_store_options(self->session);

	if (!self->store)
		self->store = store_open(self->path, STORE_CREATE, &options, err);
	return self->store;
}

static int
get_blob(struct repository *repository, const struct descriptor *descriptor, struct body *body,
	 blob_done *done, void *context, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	struct copy_job *job;

	if (!self->store)
		return error_set(err, ERROR_LOCAL, "'%s' does not exist", repository->name);
	job = copy_job_new(self->store, done, context);
	job->job.run = copy_out;
	descriptor_copy(descriptor, &job->descriptor);
	job->body = body;
	job->observer = session_observer(self->session);
	local_jobs_add(&self->jobs, &job->job);
	return 0;
}

static int
put_blob(struct repository *repository, const struct blob_upload *upload, blob_done *done,
	 void *context, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	struct store *store = writable_store(self, err);
	struct copy_job *job;

	if (!store)
		return -1;
	job = copy_job_new(store, done, context);
	job->job.run = copy_in;
	job->descriptor.digest = upload->digest;
	job->descriptor.size_bytes = upload->size_bytes;
	job->source = upload->source;
	job->observer = session_observer(self->session);
	local_jobs_add(&self->jobs, &job->job);
	return 0;
}

static int
step(struct repository *repository, const struct watched *also, int most_ms, struct error **err)
{
	(void)err;
	local_jobs_step(&layout_of(repository)->jobs, also, most_ms);
	return 0;
}

static int
open_blob(struct repository *repository, const struct descriptor *descriptor, int *ret_fd,
	  uint64_t *ret_offset_bytes, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	uint64_t size_bytes;

	*ret_offset_bytes = 0;
	*ret_fd = self->store ? store_open_blob(self->store, &descriptor->digest, &size_bytes, err)
			      : -1;
	return self->store && *ret_fd < 0 ? -1 : 0;
}

static int
find_blob(struct repository *repository, const struct digest *digest, uint64_t *ret_size_bytes,
	  struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	AUTO_ERROR struct error *failure = NULL;
	AUTO_CLOSE int fd = -1;

	if (!self->store)
		return refuse_absent(repository, digest_text(digest).text, err);
	fd = store_open_blob(self->store, digest, ret_size_bytes, &failure);
	if (fd >= 0)
		return 0;
	if (error_has_class(failure, CLASS_MISSING))
		return refuse_absent(repository, digest_text(digest).text, err);
	return error_pass(err, TAKE_PTR(failure));
}

static int
resolve(struct repository *repository, const char *tag, const struct digest *digest,
	struct resolution *resolution, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	AUTO_DESCRIPTOR struct descriptor named = { 0 };
	bool found = digest && self->store;

	if (!digest && self->store &&
	    store_find_reference(self->store, tag, &named, &found, err) < 0)
		return -1;
	if (found && store_read(self->store, digest ? digest : &named.digest, &resolution->bytes,
				&found, err) < 0)
		return error_wrap(err, "'%s'", repository->name);
	if (!found && named.media_type)
		return error_set(err, ERROR_CONTENT, "'%s' refers to '%s', but does not contain it",
				 repository->name, digest_text(&named.digest).text);
	resolution->evidence.presence = found ? PRESENCE_PRESENT : PRESENCE_ABSENT;
	return found ? resolution_describe(resolution, digest ? digest : &named.digest,
					   named.media_type, err)
		     : 0;
}

static int
has_manifest(struct repository *repository, const struct digest *digest, bool *ret_found,
	     struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);

	*ret_found = false;
	return self->store ? store_read(self->store, digest, &bytes, ret_found, err) : 0;
}

static int
put_manifest(struct repository *repository, const char *tag, const struct descriptor *descriptor,
	     const void *bytes, struct put_result *ret_result, struct error **err)
{
	struct store *store = writable_store(layout_of(repository), err);
	AUTO_REFERRER struct referrer referrer = { 0 };
	bool has_subject = false;

	if (!store ||
	    store_add(store, &descriptor->digest, bytes, (size_t)descriptor->size_bytes, err) < 0)
		return -1;
	if (!tag && referrer_parse(descriptor, bytes, &referrer, &has_subject, err) < 0)
		return -1;
	*ret_result = (struct put_result){ descriptor->digest, true };
	/* A referrer is found through index.json alone. */
	return tag || has_subject ? store_set_reference(store, tag, descriptor, err) : 0;
}

static int
delete_manifest(struct repository *repository, const struct digest *digest, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	bool found = false;

	if (self->store && store_remove_content(self->store, digest, &found, err) < 0)
		return -1;
	return found ? 0 : refuse_absent(repository, digest_text(digest).text, err);
}

static int
delete_tag(struct repository *repository, const char *tag, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	bool found = false;

	if (self->store && store_remove_reference(self->store, tag, &found, err) < 0)
		return -1;
	return found ? 0 : refuse_absent(repository, QUOTED(tag), err);
}

static int
list_referrers(struct repository *repository, const struct digest *subject,
	       const char *artifact_type, struct descriptors *ret_referrers, struct error **err)
{
	struct layout_repository *self = layout_of(repository);

	if (!self->store)
		return 0;
	if (find_referrers(self->store, subject, artifact_type, ret_referrers, err) < 0)
		return error_wrap(err, "'%s'", repository->name);
	return 0;
}

static int
probe_push(struct repository *repository, struct error **err)
{
	const struct layout_repository *self = layout_of(repository);
	AUTO_FREE char *at = xstrdup(self->path ? self->path : store_path(self->store));

	/* Whether a layout can be created or written at the path: the nearest existing directory
	 * decides.
	 */
	while (access(at, W_OK) < 0) {
		char *above;

		if (errno != ENOENT || strcmp(at, ".") == 0)
			return error_set_errno(err, errno, "cannot write to '%s'", at);
		above = path_folder(at);
		free(at);
		at = above;
	}
	return 0;
}

static struct store *
find_store(struct repository *repository, struct error **err)
{
	return writable_store(layout_of(repository), err);
}

static int
list_tags(struct repository *repository, struct strings *tags, struct strings *others,
	  struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	AUTO_DESCRIPTORS struct descriptors references = { 0 };

	(void)others;
	if (self->store && store_list_references(self->store, &references, true, err) < 0)
		return -1;
	references_add_tags(&references, tags);
	return 0;
}

static void
layout_free(struct repository *repository)
{
	struct layout_repository *self = layout_of(repository);

	local_jobs_release(&self->jobs);
	if (self->path)
		store_free(self->store);
	free(self->path);
	free(repository->name);
	free(self);
}

static struct layout_repository *
layout_new(struct session *session, char *name)
{
	static const struct repository_ops ops = {
		.resolve = resolve,
		.has_manifest = has_manifest,
		.put_manifest = put_manifest,
		.delete_manifest = delete_manifest,
		.delete_tag = delete_tag,
		.list_referrers = list_referrers,
		.find_blob = find_blob,
		.get_blob = get_blob,
		.put_blob = put_blob,
		.probe_push = probe_push,
		.step = step,
		.store = find_store,
		.open_blob = open_blob,
		.list_tags = list_tags,
		.free = layout_free,
	};
	struct layout_repository *self = XNEW(struct layout_repository);

	self->repository.ops = &ops;
	self->repository.name = name;
	self->session = session;
	return self;
}

struct repository *
repository_open_layout(struct session *session, const char *path, enum repository_mode mode,
		       struct error **err)
{
	struct store_options options = session_store_options(session);
	struct layout_repository *self = layout_new(session, xasprintf("oci:%s", path));
	struct stat info;

	self->path = xstrdup(path);
	if (stat(path, &info) < 0 && errno == ENOENT)
		return &self->repository;
	self->store = store_open(path, mode == REPOSITORY_WRITE ? STORE_CREATE : STORE_READ,
				 &options, err);
	if (self->store)
		return &self->repository;
	layout_free(&self->repository);
	return NULL;
}

struct repository *
repository_of_store(struct session *session, struct store *store)
{
	struct layout_repository *self = layout_new(session, xstrdup("the store"));

	self->store = store;
	return &self->repository;
}
