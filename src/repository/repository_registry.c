/* A repository at a registry: each call is one of registry/'s. */
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "registry/github/packages.h"
#include "registry/referrers.h"
#include "registry/tags.h"
#include "repository/registry_private.h"
#include "repository/session.h"

/* A blob job under way: freed when it has ended, or with the repository. */
struct running {
	struct running *next;
	struct registry_repository *owner;
	struct blob_job *job;
	blob_done *done;
	void *context;
};

static struct endpoint *
endpoint_of(struct repository *repository)
{
	return ((struct registry_repository *)repository)->endpoint;
}

static int
registry_resolve(struct repository *repository, const char *tag, const struct digest *digest,
		 struct resolution *resolution, struct error **err)
{
	return registry_get_manifest(endpoint_of(repository), tag, digest, &resolution->bytes,
				     &resolution->descriptor, &resolution->evidence, err);
}

static int
registry_resolve_listed(struct repository *repository, const char *name,
			struct resolution *resolution, struct error **err)
{
	return registry_get_listed_manifest(endpoint_of(repository), name, &resolution->bytes,
					    &resolution->descriptor, &resolution->evidence, err);
}

static int
registry_find_manifest(struct repository *repository, const struct digest *digest, bool *ret_found,
		       struct error **err)
{
	struct digest ignored;

	return registry_has_manifest(endpoint_of(repository), NULL, digest, ret_found, &ignored,
				     err);
}

static int
registry_write_manifest(struct repository *repository, const char *tag,
			const struct descriptor *descriptor, const void *bytes,
			struct put_result *ret_result, struct error **err)
{
	return registry_put_manifest(endpoint_of(repository), tag, descriptor, bytes, ret_result,
				     err);
}

static int
registry_remove_manifest(struct repository *repository, const struct digest *digest,
			 struct error **err)
{
	return registry_delete_manifest(endpoint_of(repository), NULL, digest, err);
}

static int
registry_remove_tag(struct repository *repository, const char *tag, struct error **err)
{
	return registry_delete_manifest(endpoint_of(repository), tag, NULL, err);
}

static int
registry_referrers(struct repository *repository, const struct digest *subject,
		   const char *artifact_type, struct descriptors *ret_referrers, struct error **err)
{
	return registry_list_referrers(endpoint_of(repository), subject, artifact_type,
				       ret_referrers, err);
}

static int
registry_forget_referrer(struct repository *repository, const struct digest *subject,
			 const struct digest *digest, struct error **err)
{
	return registry_remove_referrer(endpoint_of(repository), subject, digest, err);
}

static int
registry_look_for_blob(struct repository *repository, const struct digest *digest,
		       uint64_t *ret_size_bytes, struct error **err)
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

/* `job` NULL: it could not be started. */
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
registry_read_blob(struct repository *repository, const struct descriptor *descriptor,
		   struct body *body, blob_done *done, void *context, struct error **err)
{
	struct running *running = running_new(repository, done, context);

	return keep(running, registry_get_blob(endpoint_of(repository), &descriptor->digest, body,
					       note_end, running, err));
}

static int
registry_write_blob(struct repository *repository, const struct blob_upload *upload,
		    blob_done *done, void *context, struct error **err)
{
	struct running *running = running_new(repository, done, context);

	return keep(running,
		    registry_put_blob(endpoint_of(repository), upload, note_end, running, err));
}

static bool
registry_cancel_blob(struct repository *repository, const void *context)
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
registry_probe(struct repository *repository, struct error **err)
{
	return registry_probe_push(endpoint_of(repository), err);
}

static int
registry_step(struct repository *repository, const struct watched *also, int most_ms,
	      struct error **err)
{
	return engine_step(((struct registry_repository *)repository)->engine, also, most_ms, err);
}

static int
registry_tags(struct repository *repository, struct strings *tags, struct strings *others,
	      struct error **err)
{
	return registry_list_tags(endpoint_of(repository), tags, others, err);
}

static void
registry_repository_free(struct repository *repository)
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
	.resolve = registry_resolve, .has_manifest = registry_find_manifest, \
	.put_manifest = registry_write_manifest, .delete_tag = registry_remove_tag, \
	.list_referrers = registry_referrers, .remove_referrer = registry_forget_referrer, \
	.find_blob = registry_look_for_blob, .get_blob = registry_read_blob, \
	.put_blob = registry_write_blob, .cancel_blob = registry_cancel_blob, \
	.probe_push = registry_probe, .step = registry_step, .list_tags = registry_tags, \
	.resolve_listed = registry_resolve_listed, .free = registry_repository_free

/* GitHub manages what is there: its registry deletes nothing. */
static bool
is_package(const struct session *session, const struct reference *reference)
{
	return strcmp(reference->host, "ghcr.io") == 0 ||
	       session_options(session)->registry.github_packages;
}

struct repository *
repository_open_registry(struct session *session, const struct reference *reference,
			 struct error **err)
{
	static const struct repository_ops ops = {
		COMMON_OPS,
		.delete_manifest = registry_remove_manifest,
	};
	static const struct repository_ops package_ops = {
		COMMON_OPS,
		.delete_manifest = package_delete,
		.list_holdings = package_holdings,
		.restore = package_restore,
	};
	struct registry *registry = session_registry(session, err);
	struct endpoint *endpoint = registry ? endpoint_open(registry, reference, err) : NULL;
	struct registry_repository *self;

	if (!endpoint)
		return NULL;
	self = XNEW(struct registry_repository);
	self->repository.ops = is_package(session, reference) ? &package_ops : &ops;
	self->repository.name = reference_repository(reference);
	self->engine = session_engine(session, err);
	self->endpoint = endpoint;
	self->host = xstrdup(reference->host);
	self->name = xstrdup(reference->name);
	return &self->repository;
}
