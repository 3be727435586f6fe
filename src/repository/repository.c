/* SPDX-License-Identifier: Apache-2.0 */
#include "repository/repository.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "oci/annotation.h"
#include "oci/manifest.h"
#include "repository/backend.h"
#include "store/store.h"

struct repository *
repository_open(struct session *session, const struct location *location, enum repository_mode mode,
		struct error **err)
{
	switch (location->transport) {
	case TRANSPORT_REGISTRY:
		return repository_open_registry(session, &location->reference, mode, err);
	case TRANSPORT_LAYOUT:
		return repository_open_layout(session, location->path, mode, err);
	case TRANSPORT_OCI_ARCHIVE:
	case TRANSPORT_DOCKER_ARCHIVE:
		if (mode == REPOSITORY_READ)
			return repository_open_archive(location, err);
		break;
	case TRANSPORT_ROOTFS:
	case TRANSPORT_FILES:
		break;
	}
	error_set(err, ERROR_USAGE, "cannot read or write '%s' as a repository", location->path);
	return NULL;
}

int
repository_expect_write(struct session *session, const struct location *location,
			struct error **err)
{
	AUTO_REPOSITORY struct repository *repository = NULL;

	if (location->transport != TRANSPORT_REGISTRY)
		return 0;
	repository = repository_open(session, location, REPOSITORY_WRITE, err);
	return repository ? 0 : -1;
}

const char *
repository_name(const struct repository *repository)
{
	return repository->name;
}

bool
repository_is_local(const struct repository *repository)
{
	return repository->ops->open_blob != NULL;
}

int
repository_resolve(struct repository *repository, const char *tag, const struct digest *digest,
		   struct resolution *ret_resolution, struct error **err)
{
	ret_resolution->bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	if (digest && digest->algorithm == DIGEST_NONE)
		digest = NULL;
	return repository->ops->resolve(repository, tag, digest, ret_resolution, err);
}

int
repository_resolve_listed(struct repository *repository, const char *name,
			  struct resolution *ret_resolution, struct error **err)
{
	if (!repository->ops->resolve_listed)
		return repository_resolve(repository, name, NULL, ret_resolution, err);
	ret_resolution->bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	return repository->ops->resolve_listed(repository, name, ret_resolution, err);
}

int
repository_has_manifest(struct repository *repository, const struct digest *digest, bool *ret_found,
			struct error **err)
{
	return repository->ops->has_manifest(repository, digest, ret_found, err);
}

bool
repository_has_put(const struct repository *repository, const char *tag,
		   const struct digest *digest)
{
	return repository->ops->has_put && repository->ops->has_put(repository, tag, digest);
}

int
repository_find_tag(struct repository *repository, const char *tag, bool *ret_found,
		    struct digest *ret_digest, struct error **err)
{
	AUTO_RESOLUTION struct resolution named = { 0 };

	if (repository->ops->find_tag)
		return repository->ops->find_tag(repository, tag, ret_found, ret_digest, err);
	if (repository_resolve(repository, tag, NULL, &named, err) < 0)
		return -1;
	*ret_found = named.evidence.presence == PRESENCE_PRESENT;
	*ret_digest = named.descriptor.digest;
	return 0;
}

static int
refuse_writing(struct repository *repository, struct error **err)
{
	return error_set(err, ERROR_USAGE, "cannot write to '%s': it is read-only",
			 repository->name);
}

int
repository_put_manifest(struct repository *repository, const char *tag,
			const struct descriptor *descriptor, const void *bytes,
			struct put_result *ret_result, struct error **err)
{
	if (!repository->ops->put_manifest)
		return refuse_writing(repository, err);
	return repository->ops->put_manifest(repository, tag, descriptor, bytes, ret_result, err);
}

int
repository_list_manifest(struct repository *repository, const struct descriptor *descriptor,
			 struct error **err)
{
	struct store *store = NULL;

	if (repository_find_store(repository, &store, err) < 0)
		return -1;
	return store ? store_set_reference(store, NULL, descriptor, err) : 0;
}

int
repository_delete_manifest(struct repository *repository, const struct digest *digest,
			   struct error **err)
{
	if (!repository->ops->delete_manifest)
		return refuse_writing(repository, err);
	return repository->ops->delete_manifest(repository, digest, err);
}

int
repository_delete_tag(struct repository *repository, const char *tag, struct error **err)
{
	if (!repository->ops->delete_tag)
		return refuse_writing(repository, err);
	return repository->ops->delete_tag(repository, tag, err);
}

int
repository_list_referrers(struct repository *repository, const struct digest *subject,
			  const char *artifact_type, struct descriptors *ret_referrers,
			  struct error **err)
{
	if (!repository->ops->list_referrers)
		return 0;
	return repository->ops->list_referrers(repository, subject, artifact_type, ret_referrers,
					       err);
}

int
repository_remove_referrer(struct repository *repository, const struct digest *subject,
			   const struct digest *digest, struct error **err)
{
	if (!repository->ops->remove_referrer)
		return 0;
	return repository->ops->remove_referrer(repository, subject, digest, err);
}

int
repository_find_blob(struct repository *repository, const struct digest *digest,
		     uint64_t *ret_size_bytes, struct error **err)
{
	if (!repository->ops->find_blob)
		return error_set(
			err, ERROR_USAGE,
			"cannot read a blob of '%s' by digest; pull it into a layout first",
			repository->name);
	return repository->ops->find_blob(repository, digest, ret_size_bytes, err);
}

int
repository_get_blob(struct repository *repository, const struct descriptor *descriptor,
		    struct body *body, blob_done *done, void *context, struct error **err)
{
	return repository->ops->get_blob(repository, descriptor, body, done, context, err);
}

int
repository_put_blob(struct repository *repository, const struct blob_upload *upload,
		    blob_done *done, void *context, struct error **err)
{
	if (!repository->ops->put_blob)
		return refuse_writing(repository, err);
	return repository->ops->put_blob(repository, upload, done, context, err);
}

bool
repository_cancel_blob(struct repository *repository, const void *context)
{
	return repository->ops->cancel_blob && repository->ops->cancel_blob(repository, context);
}

int
repository_step(struct repository *repository, const struct watched *also, int most_ms,
		struct error **err)
{
	return repository->ops->step(repository, also, most_ms, err);
}

int
repository_open_blob(struct repository *repository, const struct descriptor *descriptor,
		     int *ret_fd, uint64_t *ret_offset_bytes, struct error **err)
{
	if (!repository->ops->open_blob) {
		*ret_fd = -1;
		return 0;
	}
	return repository->ops->open_blob(repository, descriptor, ret_fd, ret_offset_bytes, err);
}

int
repository_find_store(struct repository *repository, struct store **ret_store, struct error **err)
{
	*ret_store = NULL;
	if (!repository->ops->store)
		return 0;
	*ret_store = repository->ops->store(repository, err);
	return *ret_store ? 0 : -1;
}

int
repository_probe_push(struct repository *repository, struct error **err)
{
	if (!repository->ops->probe_push)
		return refuse_writing(repository, err);
	return repository->ops->probe_push(repository, err);
}

int
repository_list_tags(struct repository *repository, struct strings *tags, struct strings *others,
		     struct error **err)
{
	return repository->ops->list_tags(repository, tags, others, err);
}

void
references_add_tags(const struct descriptors *references, struct strings *tags)
{
	for (size_t i = 0; i < references->count; i++) {
		const char *name =
			descriptor_annotation(&references->items[i], ANNOTATION_REF_NAME);

		if (name)
			strings_add(tags, name);
	}
}

void
repository_free(struct repository *repository)
{
	if (repository)
		repository->ops->free(repository);
}
