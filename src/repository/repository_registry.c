/* SPDX-License-Identifier: Apache-2.0 */
/* A repository at a registry: each call is one of registry/'s.  At ghcr.io deletion goes through
 * GitHub's Packages API. */
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "registry/github/packages.h"
#include "registry/referrers.h"
#include "registry/tags.h"
#include "repository/backend.h"
#include "repository/session.h"

/* A blob job, freed when it has ended, or with the repository. */
struct running {
	struct running *next;
	struct registry_repository *owner;
	struct blob_job *job;
	blob_done *done;
	void *context;
};

struct registry_repository {
	struct repository repository;
	struct engine *engine;
	struct endpoint *endpoint;
	struct running *running;
	char *host;
	char *name;                /* "owner/name" */
	struct packages *packages; /* of GitHub; NULL: not asked yet, or none */
};

static struct registry_repository *
with_packages(struct repository *repository, struct error **err)
{
	struct registry_repository *self = (struct registry_repository *)repository;

	if (!self->packages)
		self->packages = packages_new(self->engine, self->host, self->name, err);
	return self->packages ? self : NULL;
}

/* An untagged version may get its tag for so long after it was pushed. */
#define PUSH_GRACE_S ((int64_t)24 * 60 * 60)

static int
list_package_holdings(struct repository *repository, struct holdings *holdings, struct error **err)
{
	const struct registry_repository *self = with_packages(repository, err);
	const struct package_version *versions;
	size_t count;

	if (!self)
		return -1;
	packages_forget(self->packages);
	if (packages_list(self->packages, &versions, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct holding *holding = holdings_add(holdings, &versions[i].digest, err);
		int64_t since_s = (int64_t)time(NULL) - PUSH_GRACE_S;

		if (!holding)
			return -1;
		for (size_t j = 0; j < versions[i].tags.count; j++)
			strings_add(&holding->tags, versions[i].tags.items[j]);
		if (versions[i].other_name && !holding->other_name)
			holding->other_name = xstrdup(versions[i].other_name);
		holding->version_id = versions[i].id;
		holding->created_s = versions[i].pushed_s;
		holding->is_new = versions[i].tags.count == 0 && versions[i].pushed_s >= since_s;
	}
	return 0;
}

static int
delete_package_version(struct repository *repository, const struct digest *digest,
		       struct error **err)
{
	const struct registry_repository *self = with_packages(repository, err);
	const struct package_version *versions;
	size_t count;

	if (!self || packages_list(self->packages, &versions, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (digest_equal(&versions[i].digest, digest))
			return packages_delete(self->packages, versions[i].id, err);
	return error_set(err, ERROR_ABSENT, "the package has no version '%s'",
			 digest_text(digest).text);
}

static int
restore_package_version(struct repository *repository, uint64_t version_id, struct error **err)
{
	const struct registry_repository *self = with_packages(repository, err);

	return self ? packages_restore(self->packages, version_id, err) : -1;
}

static struct endpoint *
endpoint_of(struct repository *repository)
{
	return ((struct registry_repository *)repository)->endpoint;
}

static int
resolve(struct repository *repository, const char *tag, const struct digest *digest,
	struct resolution *resolution, struct error **err)
{
	return registry_get_manifest(endpoint_of(repository), tag, digest, resolution, err);
}

static int
resolve_listed(struct repository *repository, const char *name, struct resolution *resolution,
	       struct error **err)
{
	return registry_get_listed_manifest(endpoint_of(repository), name, resolution, err);
}

static int
has_manifest(struct repository *repository, const struct digest *digest, bool *ret_found,
	     struct error **err)
{
	struct digest ignored;

	return registry_has_manifest(endpoint_of(repository), NULL, digest, ret_found, &ignored,
				     err);
}

static int
find_tag(struct repository *repository, const char *tag, bool *ret_found, struct digest *ret_digest,
	 struct error **err)
{
	return registry_has_manifest(endpoint_of(repository), tag, NULL, ret_found, ret_digest,
				     err);
}

static bool
has_put(const struct repository *repository, const char *tag, const struct digest *digest)
{
	const struct registry_repository *self = (const struct registry_repository *)repository;

	return registry_has_put(self->endpoint, tag, digest);
}

static int
put_manifest(struct repository *repository, const char *tag, const struct descriptor *descriptor,
	     const void *bytes, struct put_result *ret_result, struct error **err)
{
	return registry_put_manifest(endpoint_of(repository), tag, descriptor, bytes, ret_result,
				     err);
}

static int
delete_manifest(struct repository *repository, const struct digest *digest, struct error **err)
{
	return registry_delete_manifest(endpoint_of(repository), NULL, digest, err);
}

static int
delete_tag(struct repository *repository, const char *tag, struct error **err)
{
	return registry_delete_manifest(endpoint_of(repository), tag, NULL, err);
}

static int
list_referrers(struct repository *repository, const struct digest *subject,
	       const char *artifact_type, struct descriptors *ret_referrers, struct error **err)
{
	return registry_list_referrers(endpoint_of(repository), subject, artifact_type,
				       ret_referrers, err);
}

static int
remove_referrer(struct repository *repository, const struct digest *subject,
		const struct digest *digest, struct error **err)
{
	return registry_remove_referrer(endpoint_of(repository), subject, digest, err);
}

static int
find_blob(struct repository *repository, const struct digest *digest, uint64_t *ret_size_bytes,
	  struct error **err)
{
	return registry_find_blob(endpoint_of(repository), digest, ret_size_bytes, err);
}

static void
running_free(struct running *running)
{
	blob_job_free(running->job);
	free(running);
}

static void
forget(struct running *ended)
{
	struct running **link = &ended->owner->running;

	while (*link != ended)
		link = &(*link)->next;
	*link = ended->next;
}

static void
note_end(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct running *ended = context;
	blob_done *done = ended->done;
	void *done_context = ended->context;

	forget(ended);
	running_free(ended);
	done(done_context, outcome, failure);
}

static struct running *
running_new(struct repository *repository, blob_done *done, void *context)
{
	struct registry_repository *self = (struct registry_repository *)repository;
	struct running *running = XNEW(struct running);

	running->owner = self;
	running->done = done;
	running->context = context;
	running->next = self->running;
	self->running = running;
	return running;
}

/* `job` NULL: starting it failed. */
static int
keep(struct running *running, struct blob_job *job)
{
	running->job = job;
	if (job)
		return 0;
	forget(running);
	running_free(running);
	return -1;
}

static int
get_blob(struct repository *repository, const struct descriptor *descriptor, struct body *body,
	 blob_done *done, void *context, struct error **err)
{
	struct running *running = running_new(repository, done, context);

	return keep(running, registry_get_blob(endpoint_of(repository), &descriptor->digest, body,
					       note_end, running, err));
}

static int
put_blob(struct repository *repository, const struct blob_upload *upload, blob_done *done,
	 void *context, struct error **err)
{
	struct running *running = running_new(repository, done, context);

	return keep(running,
		    registry_put_blob(endpoint_of(repository), upload, note_end, running, err));
}

static bool
cancel_blob(struct repository *repository, const void *context)
{
	struct running *running = ((struct registry_repository *)repository)->running;

	while (running && running->context != context)
		running = running->next;
	if (!running)
		return false;
	forget(running);
	running_free(running);
	return true;
}

static int
probe_push(struct repository *repository, struct error **err)
{
	return registry_probe_push(endpoint_of(repository), err);
}

static int
step(struct repository *repository, const struct watched *also, int most_ms, struct error **err)
{
	return engine_step(((struct registry_repository *)repository)->engine, also, most_ms, err);
}

static int
list_tags(struct repository *repository, struct strings *tags, struct strings *others,
	  struct error **err)
{
	return registry_list_tags(endpoint_of(repository), tags, others, err);
}

static void
free_repository(struct repository *repository)
{
	struct registry_repository *self = (struct registry_repository *)repository;

	while (self->running) {
		struct running *next = self->running->next;

		running_free(self->running);
		self->running = next;
	}
	packages_free(self->packages);
	free(self->host);
	free(self->name);
	free(repository->name);
	free(repository);
}

#define COMMON_OPS \
	.resolve = resolve, .has_manifest = has_manifest, .find_tag = find_tag, \
	.put_manifest = put_manifest, .has_put = has_put, .delete_tag = delete_tag, \
	.list_referrers = list_referrers, .remove_referrer = remove_referrer, \
	.find_blob = find_blob, .get_blob = get_blob, .put_blob = put_blob, \
	.cancel_blob = cancel_blob, .probe_push = probe_push, .step = step, \
	.list_tags = list_tags, .resolve_listed = resolve_listed, .free = free_repository

struct repository *
repository_open_registry(struct session *session, const struct reference *reference,
			 enum repository_mode mode, struct error **err)
{
	static const struct repository_ops ops = {
		COMMON_OPS,
		.delete_manifest = delete_manifest,
	};
	static const struct repository_ops package_ops = {
		COMMON_OPS,
		.delete_manifest = delete_package_version,
		.list_holdings = list_package_holdings,
		.restore = restore_package_version,
	};
	struct registry *registry = session_registry(session, err);
	struct endpoint *endpoint = registry ? endpoint_open(registry, reference, err) : NULL;
	struct registry_repository *self;

	if (!endpoint)
		return NULL;
	if (mode == REPOSITORY_WRITE)
		endpoint_write(endpoint);
	self = XNEW(struct registry_repository);
	/* GitHub's registry does not delete; its Packages API does. */
	self->repository.ops = strcmp(reference->host, "ghcr.io") == 0 ||
					       session_options(session)->registry.github_packages
				       ? &package_ops
				       : &ops;
	self->repository.name = reference_repository(reference);
	self->engine = session_engine(session, err);
	self->endpoint = endpoint;
	self->host = xstrdup(reference->host);
	self->name = xstrdup(reference->name);
	return &self->repository;
}
