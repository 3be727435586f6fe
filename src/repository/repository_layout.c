/* A repository that is a layout directory; the user's own store is one too. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/manifest.h"
#include "oci/referrer.h"
#include "repository/layout_place.h"
#include "repository/layout_private.h"
#include "repository/layout_referrers.h"
#include "repository/session.h"

struct store *
layout_writable_store(struct layout_repository *self, struct error **err)
{
	struct store_options options = session_store_options(self->session);

	if (!self->store)
		self->store = store_open(self->path, STORE_CREATE, &options, err);
	return self->store;
}

static int
list_references(struct layout_repository *self, struct descriptors *references, struct error **err)
{
	return self->store ? store_list_references(self->store, references, true, err) : 0;
}

static const char *
reference_name(const struct descriptor *descriptor)
{
	return descriptor_annotation(descriptor, "org.opencontainers.image.ref.name");
}

static int
find_tagged(struct layout_repository *self, const char *tag, struct descriptor *ret_descriptor,
	    bool *ret_found, struct error **err)
{
	return self->store ? store_find_reference(self->store, tag, ret_descriptor, ret_found, err)
			   : 0;
}

static int
layout_resolve(struct repository *repository, const char *tag, const struct digest *digest,
	       struct resolution *resolution, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	AUTO_DESCRIPTOR struct descriptor named = { 0 };
	bool found = digest && self->store;

	if (!digest && find_tagged(self, tag, &named, &found, err) < 0)
		return -1;
	if (found && store_read(self->store, digest ? digest : &named.digest, &resolution->bytes,
				&found, err) < 0)
		return error_wrap(err, "'%s'", repository->name);
	if (!found && named.media_type)
		return error_set(err, ERROR_CONTENT, "'%s' names '%s', which it does not hold",
				 repository->name, digest_text(&named.digest).text);
	resolution->evidence.presence = found ? PRESENCE_PRESENT : PRESENCE_ABSENT;
	return found ? resolution_describe(resolution, digest ? digest : &named.digest,
					   named.media_type, err)
		     : 0;
}

static int
layout_has_manifest(struct repository *repository, const struct digest *digest, bool *ret_found,
		    struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);

	*ret_found = false;
	return self->store ? store_read(self->store, digest, &bytes, ret_found, err) : 0;
}

static int
layout_put_manifest(struct repository *repository, const char *tag,
		    const struct descriptor *descriptor, const void *bytes,
		    struct put_result *ret_result, struct error **err)
{
	struct store *store = layout_writable_store(layout_of(repository), err);
	AUTO_REFERRER struct referrer referrer = { 0 };
	bool has_subject = false;

	if (!store ||
	    store_add(store, &descriptor->digest, bytes, (size_t)descriptor->size_bytes, err) < 0)
		return -1;
	if (!tag && referrer_parse(descriptor, bytes, &referrer, &has_subject, err) < 0)
		return -1;
	*ret_result = (struct put_result){ descriptor->digest, true };
	/* Nothing else leads to a referrer. */
	return tag || has_subject ? store_set_reference(store, tag, descriptor, err) : 0;
}

int
layout_refuse_absent(const struct repository *repository, const char *what, struct error **err)
{
	return error_set(err, ERROR_ABSENT, "'%s' has no '%s'", repository->name, what);
}

static int
layout_delete_manifest(struct repository *repository, const struct digest *digest,
		       struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	bool found = false;

	if (self->store && store_remove_content(self->store, digest, &found, err) < 0)
		return -1;
	return found ? 0 : layout_refuse_absent(repository, digest_text(digest).text, err);
}

static int
layout_delete_tag(struct repository *repository, const char *tag, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	bool found = false;

	if (self->store && store_remove_reference(self->store, tag, &found, err) < 0)
		return -1;
	return found ? 0 : layout_refuse_absent(repository, QUOTED(tag), err);
}

static int
layout_list_referrers(struct repository *repository, const struct digest *subject,
		      const char *artifact_type, struct descriptors *ret_referrers,
		      struct error **err)
{
	struct layout_repository *self = layout_of(repository);

	if (!self->store)
		return 0;
	if (layout_find_referrers(self->store, subject, artifact_type, ret_referrers, err) < 0)
		return error_wrap(err, "'%s'", repository->name);
	return 0;
}

static int
layout_probe_push(struct repository *repository, struct error **err)
{
	const struct layout_repository *self = layout_of(repository);

	return layout_check_place(self->path ? self->path : store_path(self->store), err);
}

static struct store *
layout_store(struct repository *repository, struct error **err)
{
	return layout_writable_store(layout_of(repository), err);
}

static int
layout_list_tags(struct repository *repository, struct strings *tags, struct strings *others,
		 struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	AUTO_DESCRIPTORS struct descriptors references = { 0 };

	(void)others; /* any name is a tag here */
	if (list_references(self, &references, err) < 0)
		return -1;
	for (size_t i = 0; i < references.count; i++)
		if (reference_name(&references.items[i]))
			strings_add(tags, reference_name(&references.items[i]));
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
		.resolve = layout_resolve,
		.has_manifest = layout_has_manifest,
		.put_manifest = layout_put_manifest,
		.delete_manifest = layout_delete_manifest,
		.delete_tag = layout_delete_tag,
		.list_referrers = layout_list_referrers,
		.find_blob = layout_find_blob,
		.get_blob = layout_get_blob,
		.put_blob = layout_put_blob,
		.probe_push = layout_probe_push,
		.step = layout_step,
		.store = layout_store,
		.open_blob = layout_open_blob,
		.list_tags = layout_list_tags,
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
