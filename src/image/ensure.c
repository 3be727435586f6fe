#include "image/ensure.h"

#include <poll.h>
#include <string.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/build.h"
#include "image/import.h"
#include "image/lookup.h"
#include "image/part.h"
#include "image/pull.h"
#include "image/push.h"
#include "image/target.h"
#include "image/tree.h"
#include "oci/index.h"
#include "project/ci.h"
#include "project/project.h"
#include "repository/session.h"

#define ASK_AGAIN_MS 5000 /* while another job builds */
#define TAG_LAG_MS 10000  /* a registry may show a new tag so late */
#define TAG_LAG_STEP_MS 1000

/* One image being ensured. */
struct ensure {
	struct session *session;
	const struct project *project;
	const struct ensure_options *options;
	const struct target *target;
	const struct strings *needs;       /* "IMAGE=REF@DIGEST" of those it needs */
	const struct platforms *platforms; /* wanted */
	struct lookup lookup;
	struct ensure_result *result;
};

static int
refuse_missing(const struct ensure *ensure, struct error **err)
{
	AUTO_FREE char *missing = platforms_format(&ensure->lookup.missing, ", ");
	AUTO_FREE char *name = target_name(ensure->target, 0);

	if (ensure->lookup.missing.count == 0)
		return refuse_absent(ensure->target, err);
	return error_set(err, ERROR_ABSENT, "'%s' has no image for %s", name, missing);
}

static int
ask(struct ensure *ensure, struct error **err)
{
	struct lookup_options options = {
		.platforms = ensure->platforms,
		.offline = ensure->options->offline,
	};

	lookup_release(&ensure->lookup);
	memset(&ensure->lookup, 0, sizeof(ensure->lookup));
	if (lookup_image(ensure->session, ensure->target, &options, &ensure->lookup, err) == 0)
		return 0;
	if (!ensure->options->assume_absent || !error_is(*err, ERROR_DENIED))
		return -1;
	observer_tell(session_observer(ensure->session), EVENT_NOTICE,
		      "taken for absent, as --assume-absent says: %s", error_text(*err));
	error_free(*err);
	*err = NULL;
	ensure->lookup.presence = PRESENCE_ABSENT;
	return 0;
}

/* Until it is there, or the time is up. */
static int
ask_until(struct ensure *ensure, int64_t deadline_ms, struct error **err)
{
	if (ask(ensure, err) < 0)
		return -1;
	while (ensure->lookup.presence == PRESENCE_ABSENT && deadline_left_ms(deadline_ms, 1) > 0) {
		observer_tell(session_observer(ensure->session), EVENT_TRACE,
			      "absent; another job may be building it, so it is asked again");
		(void)poll(NULL, 0, deadline_left_ms(deadline_ms, ASK_AGAIN_MS));
		if (ask(ensure, err) < 0)
			return -1;
	}
	return 0;
}

/* What we can run here, if it is wanted; a job on another machine pulls its own. */
static void
choose_for_pull(const struct ensure *ensure, struct platforms *ret_platforms)
{
	AUTO_PLATFORM struct platform host = { 0 };

	platform_host(&host);
	if (ensure->options->platforms)
		platforms_copy(ensure->options->platforms, ret_platforms);
	else if (platforms_has(ensure->platforms, &host))
		platforms_add(ret_platforms, &host);
}

static int
pull(struct ensure *ensure, struct error **err)
{
	AUTO_PLATFORMS struct platforms platforms = { 0 };
	AUTO_PULL_RESULT struct pull_result pulled = { 0 };
	struct pull_options options = {
		.platforms = &platforms,
		.offline = ensure->options->offline,
	};

	choose_for_pull(ensure, &platforms);
	ensure->result->digest = ensure->lookup.found.root.descriptor.digest;
	free(ensure->result->repository);
	ensure->result->repository =
		location_repository(&ensure->target->places[ensure->lookup.found.place]);
	if (platforms.count == 0)
		return 0;
	return pull_found(ensure->session, ensure->target, &options, &ensure->lookup.found, &pulled,
			  err);
}

/* An answer about the image's own place: what a fallback has is complete or does not count. */
static void
list_kept(const struct ensure *ensure, struct descriptors *ret_kept)
{
	const struct resolution *root = &ensure->lookup.found.root;
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (ensure->lookup.found.place != 0 || root->evidence.presence != PRESENCE_PRESENT ||
	    media_type_kind(root->descriptor.media_type) != DOCUMENT_INDEX ||
	    image_index_parse(root->bytes.data, root->bytes.size, root->descriptor.media_type,
			      &index, &ignored) < 0)
		return;
	for (size_t i = 0; i < index.manifests.count; i++) {
		const struct descriptor *entry = &index.manifests.items[i];

		if (image_index_entry_is_image(entry) && entry->has_platform &&
		    !platforms_has(&ensure->lookup.missing, &entry->platform))
			descriptors_add(ret_kept, entry);
	}
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
	AUTO_REPOSITORY struct repository *repository =
		repository_open(ensure->session, &ensure->target->places[0], REPOSITORY_WRITE, err);
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
	AUTO_ERROR struct error *failure = NULL;

	if (ask(ensure, &failure) == 0 && ensure->lookup.presence == PRESENCE_PRESENT) {
		ensure->result->pushed = true;
		return 0;
	}
	error_set(err, ERROR_BUILD,
		  "the build command left nothing as $OCIFP_OUTPUT, and the image "
		  "is not at its registry either");
	return error_set_hint(err, "see ocifp.yaml(5), `build`");
}

/* The tag as everybody sees it now.  Another writer's image is as good when its fingerprint, which
 * the lookup has checked, is ours. */
static int
verify_pushed(struct ensure *ensure, const struct digest *pushed, struct error **err)
{
	int64_t deadline_ms = deadline_after_ms(TAG_LAG_MS);

	while (ask(ensure, err) == 0) {
		if (ensure->lookup.presence == PRESENCE_PRESENT) {
			ensure->result->digest = ensure->lookup.found.root.descriptor.digest;
			if (!digest_equal(&ensure->result->digest, pushed))
				observer_tell(session_observer(ensure->session), EVENT_NOTICE,
					      "another job pushed the same fingerprint at the same "
					      "time; its image is used");
			return 0;
		}
		if (deadline_left_ms(deadline_ms, 1) == 0)
			return error_set(err, ERROR_UNAVAILABLE,
					 "the registry does not show what was pushed");
		(void)poll(NULL, 0, TAG_LAG_STEP_MS);
	}
	return -1;
}

static int
push(struct ensure *ensure, const struct image_node *root, struct error **err)
{
	AUTO_REPOSITORY struct repository *destination =
		repository_open(ensure->session, &ensure->target->places[0], REPOSITORY_WRITE, err);
	AUTO_REPOSITORY struct repository *source = NULL;
	AUTO_STRINGS struct strings tags = { 0 };
	bool was_there;

	if (!destination)
		return -1;
	source = repository_of_store(ensure->session, session_store(ensure->session, err));
	strings_add(&tags, ensure->target->places[0].reference.tag);
	if (push_tree(ensure->session, source, destination, root, &tags, &was_there, err) < 0)
		return error_wrap(err,
				  "the image was built and is in the store, but was not pushed");
	ensure->result->pushed = true;
	return verify_pushed(ensure, &root->descriptor.digest, err);
}

static int
take_output(struct ensure *ensure, const struct location *output, bool push_it, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors kept = { 0 };
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	struct import_options import = {
		.source = output,
		.platforms = ensure->result->missing.count > 0 ? &ensure->result->missing : NULL,
		.kept = &kept,
	};

	list_kept(ensure, &kept);
	if (import_image(ensure->session, &import, ensure->target, &root, err) < 0)
		return -1;
	ensure->result->digest = root.descriptor.digest;
	if (!push_it)
		return 0;
	return push(ensure, &root, err) < 0 ? -1 : pull(ensure, err);
}

static int
build(struct ensure *ensure, struct error **err)
{
	struct build_options options = {
		.target = ensure->target,
		.platforms = &ensure->result->missing,
		.needs = ensure->needs,
	};
	AUTO_BUILD_OUTPUT struct build_output output = { 0 };
	bool push_it = will_push(ensure);

	if (push_it && probe_push(ensure, err) < 0)
		return -1;
	if (build_run(&options, &output, err) < 0 || check_unchanged(ensure, err) < 0)
		return -1;
	ensure->result->built = true;
	if (output.is_there)
		return take_output(ensure, &output.location, push_it, err);
	return check_pushed_by_command(ensure, err) < 0 ? -1 : pull(ensure, err);
}

/* All that is wanted when nothing is there; else what is not. */
static void
note_missing(struct ensure *ensure)
{
	const struct platforms *missing = &ensure->lookup.missing;

	platforms_release(&ensure->result->missing);
	platforms_copy(missing->count > 0 ? missing : ensure->platforms, &ensure->result->missing);
}

static int
act(struct ensure *ensure, struct error **err)
{
	int64_t deadline_ms = deadline_after_ms(ensure->options->wait_ms);

	if (ask_until(ensure, deadline_ms, err) < 0)
		return -1;
	ensure->result->present = ensure->lookup.presence == PRESENCE_PRESENT;
	if (ensure->result->present)
		return ensure->options->dry_run ? 0 : pull(ensure, err);
	note_missing(ensure);
	if (ensure->options->no_build || ensure->options->offline)
		return refuse_missing(ensure, err);
	if (!ensure->target->image->build) {
		refuse_missing(ensure, err);
		return error_set_hint(err, "the project file has no `build` command for it");
	}
	return ensure->options->dry_run ? 0 : build(ensure, err);
}

static void
describe(const struct target *target, struct ensure_result *result)
{
	result->repository = location_repository(&target->places[0]);
	result->tag = xstrdup(target->places[0].reference.tag);
	result->fingerprint = target->fingerprint;
}

static int
ensure_one(struct session *session, const struct project *project, const char *name,
	   const struct ensure_options *options, const struct strings *needs,
	   struct ensure_result *ret_result, struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	AUTO_PLATFORMS struct platforms platforms = { 0 };
	struct ensure ensure = {
		.session = session,
		.project = project,
		.options = options,
		.target = &target,
		.needs = needs,
		.platforms = options->platforms ? options->platforms : &platforms,
		.result = ret_result,
	};
	AUTO_PLATFORM struct platform host = { 0 };
	int result;

	if (target_of_project(project, name, NULL, &target, err) < 0)
		return -1;
	describe(&target, ret_result);
	platform_host(&host);
	platforms_copy(&target.platforms, &platforms);
	if (platforms.count == 0)
		platforms_add(&platforms, &host);
	result = act(&ensure, err);
	lookup_release(&ensure.lookup);
	return result;
}

/* "IMAGE=REF@DIGEST", for the build commands of images that need it. */
static void
note_need(const char *name, const struct ensure_result *result, struct strings *needs)
{
	if (result->digest.algorithm == DIGEST_NONE)
		return;
	strings_take(needs, xasprintf("%s=%s@%s", name, result->repository,
				      digest_text(&result->digest).text));
}

int
ensure_image(struct session *session, const struct project *project, const char *name,
	     const struct ensure_options *options, struct ensure_result *ret_result,
	     struct error **err)
{
	const struct project_image *image = project_image(project, name, err);
	AUTO_FREE const struct project_image **order = NULL;
	AUTO_STRINGS struct strings needs = { 0 };
	size_t count;

	if (!image)
		return -1;
	order = project_order(project, image, &count);
	for (size_t i = 0; i < count; i++) {
		ensure_result_release(ret_result);
		if (ensure_one(session, project, order[i]->name, options, &needs, ret_result, err) <
		    0)
			return error_wrap(err, "image '%s'", order[i]->name);
		note_need(order[i]->name, ret_result, &needs);
	}
	return 0;
}

void
ensure_result_release(struct ensure_result *result)
{
	free(result->repository);
	free(result->tag);
	platforms_release(&result->missing);
	memset(result, 0, sizeof(*result));
}
