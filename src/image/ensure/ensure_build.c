#include "base/error.h"
#include "image/document/image_tree.h"
#include "image/ensure/build.h"
#include "image/ensure/ensure_private.h"
#include "image/resolve/built.h"
#include "image/resolve/target.h"
#include "image/transfer/confirm_tag.h"
#include "image/transfer/import.h"
#include "image/transfer/push_tree.h"
#include "oci/index.h"
#include "project/ci.h"
#include "project/project.h"
#include "repository/session.h"

/* All images of an index but those that are built now. */
static void
keep_listed(const struct ensure *ensure, const struct resolution *root, struct descriptors *kept)
{
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (root->evidence.presence != PRESENCE_PRESENT ||
	    media_type_kind(root->descriptor.media_type) != DOCUMENT_INDEX ||
	    image_index_parse(root->bytes.data, root->bytes.size, root->descriptor.media_type,
			      &index, &ignored) < 0)
		return;
	for (size_t i = 0; i < index.manifests.count; i++) {
		const struct descriptor *entry = &index.manifests.items[i];

		if (image_index_entry_is_image(entry) && entry->has_platform &&
		    !platforms_has(&ensure->result->missing, &entry->platform))
			descriptors_add(kept, entry);
	}
}

/* What the image's own place has; what a fallback has is complete or does not count.  An index that
 * is not pushed keeps what was built here before for platforms that nobody else has. */
static int
list_kept(const struct ensure *ensure, bool push_it, struct descriptors *ret_kept,
	  struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image built = { 0 };

	if (ensure->lookup.found.place == 0)
		keep_listed(ensure, &ensure->lookup.found.root, ret_kept);
	if (push_it || ret_kept->count > 0)
		return 0;
	if (built_find(ensure->session, ensure->target, true, &built, err) < 0)
		return -1;
	keep_listed(ensure, &built.root, ret_kept);
	return 0;
}

/* Sets why_not_pushed when not. */
static bool
will_push(const struct ensure *ensure)
{
	const char **why_not = &ensure->result->why_not_pushed;

	switch (ensure->options->push) {
	case PUSH_ALWAYS:
		return true;
	case PUSH_NEVER:
		*why_not = "--push never";
		return false;
	case PUSH_AUTO:
		break;
	}
	return ci_pushes(&ensure->target->image->push_refs, why_not);
}

static int
probe_push(const struct ensure *ensure, struct error **err)
{
	AUTO_REPOSITORY struct repository *repository = repository_open(
		ensure->session, &ensure->target->candidates[0], REPOSITORY_WRITE, err);
	AUTO_FREE char *name = target_name(ensure->target, 0);

	if (!repository || repository_probe_push(repository, err) < 0)
		return error_wrap(err, "nothing was built, for '%s' could not be pushed", name);
	return 0;
}

/* A source that changed under the build makes an image that its tag does not describe. */
static int
check_unchanged(const struct ensure *ensure, struct error **err)
{
	AUTO_TARGET struct target now = { 0 };

	if (target_of_project(ensure->project, ensure->target->image->name, NULL, &now, err) < 0)
		return -1;
	if (digest_equal(&now.fingerprint.digest, &ensure->target->fingerprint.digest))
		return 0;
	error_set(err, ERROR_CONTENT, "the inputs changed while the image was being built");
	error_set_class(err, "source_changed");
	return error_set_hint(err, "the build command must not write to its own inputs");
}

/* The command left nothing behind, so it must have pushed by itself. */
static int
check_pushed_by_command(struct ensure *ensure, struct error **err)
{
	struct lookup_options options = { .platforms = ensure->platforms, .deep = ensure->deep };

	if (confirm_tag_wait(ensure->session, ensure->target, &options, NULL, &ensure->lookup,
			     err) < 0)
		return error_wrap(err, "the build command left nothing as $OCIFP_OUTPUT");
	ensure->result->pushed = ensure->lookup.presence == PRESENCE_PRESENT;
	if (ensure->result->pushed)
		return 0;
	error_set(err, ERROR_BUILD,
		  "the build command left nothing as $OCIFP_OUTPUT, and the image "
		  "is not at its registry either");
	return error_set_hint(err, "see ocifp.yaml(5), `build`");
}

static int
verify_pushed(struct ensure *ensure, const struct digest *pushed, struct error **err)
{
	struct lookup_options options = { .platforms = ensure->platforms, .deep = ensure->deep };

	if (confirm_tag(ensure->session, ensure->target, &options, pushed, &ensure->lookup, err) <
	    0)
		return -1;
	ensure->result->digest = ensure->lookup.found.root.descriptor.digest;
	return 0;
}

/* Another job may have been faster: then its image is used, and the tag does not move. */
static int
look_again(struct ensure *ensure, struct error **err)
{
	if (ensure_ask(ensure, err) < 0)
		return -1;
	ensure->result->adopted = ensure->lookup.presence == PRESENCE_PRESENT;
	return 0;
}

static int
refuse_push(struct error **err)
{
	return error_wrap(err, "the image was built and is in the store, but was not pushed");
}

static int
push(struct ensure *ensure, const struct image_node *root, struct error **err)
{
	AUTO_REPOSITORY struct repository *destination = repository_open(
		ensure->session, &ensure->target->candidates[0], REPOSITORY_WRITE, err);
	AUTO_REPOSITORY struct repository *source = NULL;
	AUTO_STRINGS struct strings tags = { 0 };
	struct pushing pushing = {
		.session = ensure->session,
		.destination = destination,
		.root = root,
	};
	struct pushed ignored;

	if (!destination)
		return -1;
	source = repository_of_store(ensure->session, session_store(ensure->session, err));
	pushing.source = source;
	strings_add(&tags, ensure->target->candidates[0].reference.tag);
	/* Our index may be there while one that it lists is gone. */
	if ((ensure->deep && push_children(&pushing, err) < 0) ||
	    push_tree(&pushing, &tags, &ignored, err) < 0)
		return refuse_push(err);
	ensure->result->pushed = true;
	if (verify_pushed(ensure, &root->descriptor.digest, err) < 0)
		return -1;
	return digest_equal(&ensure->result->digest, &root->descriptor.digest)
		       ? built_publish(ensure->session, ensure->target, &root->descriptor, err)
		       : built_drop(ensure->session, ensure->target, err);
}

static int
take_in(const struct ensure *ensure, const struct location *output, bool push_it,
	struct image_node *ret_root, struct error **err)
{
	const struct platforms *missing = &ensure->result->missing;
	AUTO_DESCRIPTORS struct descriptors kept = { 0 };
	struct import_options import = {
		.source = output,
		.platforms = missing->count > 0 ? missing : NULL,
		.kept = &kept,
	};

	if (list_kept(ensure, push_it, &kept, err) < 0 ||
	    import_image(ensure->session, &import, ensure->target, ret_root, err) < 0)
		return -1;
	ensure->result->digest = ret_root->descriptor.digest;
	return 0;
}

/* Asked before the index is made, which keeps what another job has pushed for other platforms; a
 * build is kept also when nobody answers. */
static int
take_output(struct ensure *ensure, const struct location *output, bool push_it, struct error **err)
{
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_ERROR struct error *unknown = NULL;

	if (push_it)
		(void)look_again(ensure, &unknown);
	if (take_in(ensure, output, push_it, &root, err) < 0)
		return -1;
	ensure->own = root.descriptor.digest;
	if (!push_it)
		return 0;
	if (unknown) {
		error_pass(err, TAKE_PTR(unknown));
		return refuse_push(err);
	}
	if (!ensure->result->adopted && push(ensure, &root, err) < 0)
		return -1;
	return ensure_pull(ensure, err);
}

/* A job that may push trusts what it builds itself, not what a job without that right left in the
 * store of the same machine: only the user's own word pushes that. */
static bool
may_use_built(const struct ensure *ensure)
{
	return !ensure->options->rebuild &&
	       !(ensure->options->push == PUSH_AUTO && will_push(ensure));
}

static int
use_built(struct ensure *ensure, const struct lookup *built, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_FREE char *name = built_name(ensure->target);
	bool push_it = will_push(ensure);

	ensure->result->digest = built->found.root.descriptor.digest;
	if (ensure->options->dry_run || !push_it)
		return 0;
	if (probe_push(ensure, err) < 0)
		return -1;
	built_locate(session_find_store(ensure->session), name, &location);
	return take_output(ensure, &location, true, err);
}

int
ensure_use_built(struct ensure *ensure, bool *ret_used, struct error **err)
{
	struct lookup_options options = {
		.platforms = &ensure->result->missing,
		.offline = ensure->options->offline,
	};
	AUTO_LOOKUP struct lookup built = { 0 };

	if (!may_use_built(ensure))
		return 0;
	if (lookup_built(ensure->session, ensure->target, &options, &built, err) < 0)
		return -1;
	*ret_used = built.presence == PRESENCE_PRESENT;
	ensure->used_built = *ret_used;
	return *ret_used ? use_built(ensure, &built, err) : 0;
}

int
ensure_build(struct ensure *ensure, struct error **err)
{
	struct build_options options = {
		.target = ensure->target,
		.platforms = &ensure->result->missing,
		.needs = ensure->needs,
		.deadline_ms = session_options(ensure->session)->engine.deadline_ms,
	};
	AUTO_BUILD_OUTPUT struct build_output output = { 0 };
	bool push_it = will_push(ensure);

	if (push_it && probe_push(ensure, err) < 0)
		return -1;
	if (build_run(&options, &output, err) < 0 || check_unchanged(ensure, err) < 0)
		return -1;
	ensure->built = true;
	ensure->result->built = true;
	if (output.is_there)
		return take_output(ensure, &output.location, push_it, err);
	return check_pushed_by_command(ensure, err) < 0 ? -1 : ensure_pull(ensure, err);
}
