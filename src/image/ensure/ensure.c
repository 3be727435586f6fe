/* SPDX-License-Identifier: Apache-2.0 */
#include "image/ensure/ensure.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/image_tree.h"
#include "image/ensure/build.h"
#include "image/ensure/moving_tags.h"
#include "image/resolve/built.h"
#include "image/resolve/lookup.h"
#include "image/resolve/target.h"
#include "image/transfer/confirm_tag.h"
#include "image/transfer/import.h"
#include "image/transfer/pull.h"
#include "image/transfer/push_tree.h"
#include "image/trust/verify.h"
#include "oci/index.h"
#include "project/ci.h"
#include "project/project.h"
#include "repository/session.h"

struct ensure {
	struct session *session;
	const struct project *project;
	const struct ensure_options *options;
	const struct target *target;
	size_t push_place;         /* the candidate to which a build is pushed */
	struct target destination; /* borrowed from the target: that candidate alone */
	struct strings *needs;     /* "IMAGE=REF" of the images that builds need, as far as known */
	const struct platforms *platforms; /* wanted */
	bool deep;            /* an index listed a missing manifest: ask for each one */
	bool built;           /* absence was reported once; now the registry itself is asked */
	bool used_built;      /* a pushed image was found instead of building */
	struct digest own;    /* an image that we have built; it needs no signature */
	struct lookup lookup; /* the last answer */
	struct ensure_result *result;
};

static int ensure_ask(struct ensure *ensure, struct error **err);

static int ensure_one(struct ensure *ensure, const char *name, struct error **err);

static int ensure_pull(struct ensure *ensure, struct error **err);

/* The image by a name that the build command can read; NULL in a dry run. */
static char *
reference_of(struct session *session, const struct ensure_result *result, struct error **err)
{
	if (result->built_name) {
		struct store *store = session_store(session, err);
		AUTO_FREE char *path = store ? realpath(store_path(store), NULL) : NULL;

		/* Refers to an image that only the store has by its name there: other tools accept
		 * no digest after a layout's path. */
		if (!store)
			return NULL;
		if (path && !strchr(path, ':'))
			return xasprintf("oci:%s:%s", path, result->built_name);
		error_set(err, ERROR_USAGE, "cannot name the built image: the store is in '%s'",
			  QUOTED(store_path(store)));
		error_set_hint(err, "a layout's path cannot contain ':'; see --store");
		return NULL;
	}
	if (result->digest.algorithm == DIGEST_NONE)
		return xstrdup("");
	return xasprintf("%s@%s", result->repository, digest_text(&result->digest).text);
}

static bool
is_noted(const struct strings *needs, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < needs->count; i++)
		if (strncmp(needs->items[i], name, size) == 0 && needs->items[i][size] == '=')
			return true;
	return false;
}

static int
ensure_need(const struct ensure *ensure, const char *name, struct error **err)
{
	AUTO_ENSURE_RESULT struct ensure_result result = { 0 };
	AUTO_FREE char *reference = NULL;
	struct ensure need = {
		.session = ensure->session,
		.project = ensure->project,
		.options = ensure->options,
		.needs = ensure->needs,
		.result = &result,
	};

	if (ensure_one(&need, name, err) < 0)
		return error_wrap(err, "image '%s'", name);
	reference = reference_of(ensure->session, &result, err);
	if (!reference)
		return -1;
	strings_take(ensure->needs, xasprintf("%s=%s", name, reference));
	return 0;
}

/* All images of an index, except those that are built now. */
static void
keep_listed(const struct ensure *ensure, const struct resolution *root, struct descriptors *kept)
{
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (root->evidence.presence != PRESENCE_PRESENT ||
	    media_type_kind(root->descriptor.media_type) != DOCUMENT_INDEX ||
	    image_index_read(root->value, root->descriptor.media_type, &index, &ignored) < 0)
		return;
	for (size_t i = 0; i < index.manifests.count; i++) {
		const struct descriptor *entry = &index.manifests.items[i];

		if (image_index_entry_is_image(entry) && entry->has_platform &&
		    !platforms_has(&ensure->result->missing, &entry->platform))
			descriptors_add(kept, entry);
	}
}

/* Keeps the entries of the image's own place; a fallback counts only if it is complete.  An index
 * that is not pushed also keeps platforms of an earlier local build that no registry has. */
static int
list_kept(const struct ensure *ensure, bool push_it, struct descriptors *ret_kept,
	  struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image built = { 0 };

	if (ensure->lookup.found.place == ensure->push_place)
		keep_listed(ensure, &ensure->lookup.found.root, ret_kept);
	if (push_it || ret_kept->count > 0)
		return 0;
	if (built_find(ensure->session, ensure->target, true, &built, err) < 0)
		return -1;
	keep_listed(ensure, &built.root, ret_kept);
	return 0;
}

/* Sets why_not_pushed if not. */
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
	if (ensure->target->pull_request_place)
		return true;
	return ci_pushes(&ensure->target->image->push_refs, why_not);
}

static int
probe_push(const struct ensure *ensure, struct error **err)
{
	AUTO_REPOSITORY struct repository *repository = repository_open(
		ensure->session, ensure->destination.candidates, REPOSITORY_WRITE, err);
	AUTO_FREE char *name = target_name(&ensure->destination, 0);

	if (!repository || repository_probe_push(repository, err) < 0)
		return error_wrap(err, "nothing was built, because a push to '%s' would fail",
				  name);
	return 0;
}

/* If a source changes during the build, the tag does not describe the image. */
static int
check_unchanged(const struct ensure *ensure, struct error **err)
{
	AUTO_TARGET struct target now = { 0 };

	if (target_of_project(ensure->project, ensure->target->image->name, NULL, &now, err) < 0)
		return -1;
	if (digest_equal(&now.fingerprint.digest, &ensure->target->fingerprint.digest))
		return 0;
	error_set(err, ERROR_CONTENT, "the inputs changed while the image was being built");
	error_set_class(err, CLASS_SOURCE_CHANGED);
	return error_set_hint(err, "the build command must not write to its own inputs");
}

/* Without an output the command must have pushed the image itself. */
static int
check_pushed_by_command(struct ensure *ensure, struct error **err)
{
	struct lookup_options options = { .platforms = ensure->platforms, .deep = ensure->deep };

	if (confirm_tag_wait(ensure->session, &ensure->destination, &options, NULL, &ensure->lookup,
			     err) < 0)
		return error_wrap(err, "the build command wrote nothing to $OCIFP_OUTPUT");
	ensure->lookup.found.place = ensure->push_place;
	ensure->result->pushed = ensure->lookup.presence == PRESENCE_PRESENT;
	if (ensure->result->pushed)
		return 0;
	error_set(err, ERROR_BUILD,
		  "the build command left nothing as $OCIFP_OUTPUT, and the image "
		  "is not in its registry either");
	return error_set_hint(err, "see ocifp.yaml(5), `build`");
}

static int
refuse_push(struct error **err)
{
	return error_wrap(err, "the image was built and kept in the store, but not pushed");
}

static int
push(struct ensure *ensure, const struct image_node *root, struct error **err)
{
	AUTO_REPOSITORY struct repository *destination = repository_open(
		ensure->session, ensure->destination.candidates, REPOSITORY_WRITE, err);
	AUTO_REPOSITORY struct repository *source = NULL;
	AUTO_STRINGS struct strings tags = { 0 };
	struct pushing pushing = {
		.session = ensure->session,
		.destination = destination,
		.root = root,
	};
	struct pushed ignored;
	struct lookup_options options;

	if (!destination)
		return -1;
	source = repository_of_store(ensure->session, session_store(ensure->session, err));
	pushing.source = source;
	strings_add(&tags, ensure->destination.candidates->reference.tag);
	/* Our index may exist while a manifest that it lists is gone. */
	if ((ensure->deep && push_children(&pushing, err) < 0) ||
	    push_tree(&pushing, &tags, &ignored, err) < 0)
		return refuse_push(err);
	ensure->result->pushed = true;
	options = (struct lookup_options){ .platforms = ensure->platforms, .deep = ensure->deep };
	if (confirm_tag(ensure->session, &ensure->destination, &options, &root->descriptor.digest,
			&ensure->lookup, err) < 0)
		return -1;
	ensure->lookup.found.place = ensure->push_place;
	ensure->result->digest = ensure->lookup.found.root.descriptor.digest;
	return digest_equal(&ensure->result->digest, &root->descriptor.digest)
		       ? built_publish(ensure->session, ensure->target, ensure->push_place,
				       &root->descriptor, err)
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

	if (list_kept(ensure, push_it, &kept, err) < 0)
		return -1;
	if (import_image(ensure->session, &import, ensure->target, ret_root, err) < 0)
		return error_is(*err, ERROR_PLATFORM)
			       ? error_set_hint(err, "the build command has to make each platform "
						     "that $OCIFP_PLATFORMS lists")
			       : -1;
	ensure->result->digest = ret_root->descriptor.digest;
	return 0;
}

/* Asks before the index is made, so that it keeps what other jobs have pushed for other platforms.
 * If the registry does not answer, the build is kept all the same. */
static int
take_output(struct ensure *ensure, const struct location *output, bool push_it, struct error **err)
{
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_ERROR struct error *unknown = NULL;

	/* If another job was faster, its image is used, and the tag does not move. */
	if (push_it && ensure_ask(ensure, &unknown) == 0)
		ensure->result->adopted = ensure->lookup.presence == PRESENCE_PRESENT;
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

/* Uses the earlier local build if it has all of result->missing; pushes it if that is wanted.
 * *ret_used false: it is incomplete, or must not be used. */
static int
ensure_use_built(struct ensure *ensure, bool *ret_used, struct error **err)
{
	struct lookup_options options = {
		.platforms = &ensure->result->missing,
		.offline = ensure->options->offline,
	};
	AUTO_LOOKUP struct lookup built = { 0 };
	AUTO_LOCATION struct location location = { 0 };
	AUTO_FREE char *name = NULL;
	bool push_it;

	/* A job that may push does not trust an image that another job without that right left in
	 * the store of the same machine.  It pushes such an image only with --push=always. */
	if (ensure->options->rebuild || (ensure->options->push == PUSH_AUTO && will_push(ensure)))
		return 0;
	if (lookup_built(ensure->session, ensure->target, &options, &built, err) < 0)
		return -1;
	*ret_used = built.presence == PRESENCE_PRESENT;
	ensure->used_built = *ret_used;
	if (!*ret_used)
		return 0;
	name = built_name(ensure->target);
	push_it = will_push(ensure);
	ensure->result->digest = built.found.root.descriptor.digest;
	if (ensure->options->dry_run || !push_it)
		return 0;
	if (probe_push(ensure, err) < 0)
		return -1;
	built_locate(session_find_store(ensure->session), name, &location);
	return take_output(ensure, &location, true, err);
}

/* Builds the platforms in result->missing, publishes the image, pushes it if wanted, and pulls it.
 */
static int
ensure_build(struct ensure *ensure, struct error **err)
{
	struct build_options options = {
		.target = &ensure->destination,
		.platforms = &ensure->result->missing,
		.needs = ensure->needs,
		.project = ensure->project,
		.session = session_options(ensure->session),
		.deadline_ms = session_options(ensure->session)->engine.deadline_ms,
	};
	struct observer *observer = session_observer(ensure->session);
	AUTO_BUILD_OUTPUT struct build_output output = { 0 };
	bool push_it = will_push(ensure);
	int result;

	if (push_it && probe_push(ensure, err) < 0)
		return -1;
	/* The command's own output replaces our progress. */
	observer_count(observer, EVENT_YIELDED, 0);
	observer_phase(observer, EVENT_BEGUN, PHASE_BUILD);
	result = build_run(&options, &output, err);
	observer_phase(observer, EVENT_ENDED, PHASE_BUILD);
	if (result < 0 || check_unchanged(ensure, err) < 0)
		return -1;
	ensure->built = true;
	ensure->result->built = true;
	if (output.is_there)
		return take_output(ensure, &output.location, push_it, err);
	return check_pushed_by_command(ensure, err) < 0 ? -1 : ensure_pull(ensure, err);
}

#define ASK_AGAIN_MS 5000 /* while another job builds */

/* Asks again; the answer is in `lookup`. */
static int
ensure_ask(struct ensure *ensure, struct error **err)
{
	struct lookup_options options = {
		.platforms = ensure->platforms,
		.offline = ensure->options->offline,
		.deep = ensure->deep,
		.known_will_do = !ensure->deep && !ensure->built,
	};

	lookup_release(&ensure->lookup);
	if (lookup_image(ensure->session, ensure->target, &options, &ensure->lookup, err) == 0)
		return 0;
	if (!ensure->options->assume_absent || !error_is(*err, ERROR_DENIED))
		return -1;
	observer_tell(session_observer(ensure->session), EVENT_NOTICE,
		      "treated as absent because of --assume-absent: %s", error_text(*err));
	error_free(*err);
	*err = NULL;
	ensure->lookup.presence = PRESENCE_ABSENT;
	return 0;
}

static void
note_found(struct ensure *ensure)
{
	const struct found_image *found = &ensure->lookup.found;
	struct ensure_result *result = ensure->result;

	result->digest = found->root.descriptor.digest;
	free(result->repository);
	result->repository = location_repository(&ensure->target->candidates[found->place]);
}

static int
verify_found(const struct ensure *ensure, struct error **err)
{
	const struct found_image *found = &ensure->lookup.found;

	if (digest_equal(&found->root.descriptor.digest, &ensure->own))
		return 0;
	return verify_required(ensure->session, ensure->target, found, ensure->options->offline,
			       err);
}

/* Pulls what the last answer found. */
static int
ensure_pull(struct ensure *ensure, struct error **err)
{
	AUTO_PLATFORMS struct platforms platforms = { 0 };
	AUTO_PULL_RESULT struct pull_result pulled = { 0 };
	struct pull_options options = {
		.platforms = &platforms,
		.offline = ensure->options->offline,
	};
	AUTO_PLATFORM struct platform host = { 0 };

	/* Pulls what this machine can run, if it is wanted; jobs on other machines pull their own.
	 */
	platform_host(&host);
	if (ensure->options->platforms)
		platforms_copy(ensure->options->platforms, &platforms);
	else if (platforms_has(ensure->platforms, &host))
		platforms_add(&platforms, &host);
	note_found(ensure);
	if (verify_found(ensure, err) < 0)
		return -1;
	if (platforms.count == 0)
		return 0;
	return pull_found(ensure->session, ensure->target, &options, &ensure->lookup.found, &pulled,
			  err);
}

/* An index may list a manifest that no longer exists: that platform is missing then. */
static int
take_present(struct ensure *ensure, struct error **err)
{
	bool *present = &ensure->result->present;
	AUTO_ERROR struct error *failure = NULL;

	*present = ensure->lookup.presence == PRESENCE_PRESENT;
	if (!*present)
		return 0;
	if (ensure->options->dry_run) {
		note_found(ensure);
		return verify_found(ensure, err);
	}
	if (ensure_pull(ensure, &failure) == 0)
		return 0;
	if (!error_has_class(failure, CLASS_MANIFEST_UNKNOWN) || ensure->deep)
		return error_pass(err, TAKE_PTR(failure));
	ensure->deep = true;
	if (ensure_ask(ensure, err) < 0)
		return -1;
	*present = ensure->lookup.presence == PRESENCE_PRESENT;
	return *present ? ensure_pull(ensure, err) : 0;
}

/* Waits until the image is there, an earlier local build is complete, or the time is up: then
 * *ret_done is false. */
static int
ask_until(struct ensure *ensure, int64_t deadline_ms, bool *ret_done, struct error **err)
{
	int64_t since_ms = deadline_now_ms();

	for (;;) {
		const struct platforms *missing = &ensure->lookup.missing;
		bool has_part;

		if (ensure_ask(ensure, err) < 0 || take_present(ensure, err) < 0)
			return -1;
		*ret_done = ensure->result->present;
		if (*ret_done)
			return 0;
		/* All wanted platforms if the image is absent, else the missing ones.  An
		 * incomplete image in a fallback does not count, because our index could not list
		 * it. */
		has_part = missing->count > 0 && ensure->lookup.found.place == ensure->push_place;
		platforms_release(&ensure->result->missing);
		platforms_copy(has_part ? missing : ensure->platforms, &ensure->result->missing);
		if (ensure_use_built(ensure, ret_done, err) < 0)
			return -1;
		if (*ret_done || deadline_left_ms(deadline_ms, 1) == 0)
			return 0;
		observer_tell(session_observer(ensure->session), EVENT_TRACE,
			      "absent; asking again, because another job may be building it");
		observer_pause(session_observer(ensure->session), "for another job's build",
			       since_ms, deadline_left_ms(deadline_ms, ASK_AGAIN_MS));
	}
}

static int
act(struct ensure *ensure, struct error **err)
{
	int64_t deadline_ms = deadline_after_ms(ensure->options->wait_ms);
	bool done = false;
	const struct strings *names;

	if (ask_until(ensure, deadline_ms, &done, err) < 0)
		return -1;
	if (done)
		return 0;
	if (ensure->options->offline)
		return refuse_offline(ensure->target, err);
	if (ensure->options->no_build)
		return refuse_lookup(ensure->target, &ensure->lookup, err);
	if (ensure->target->locked.algorithm != DIGEST_NONE)
		return refuse_locked(ensure->target, err);
	if (!ensure->target->image->build) {
		refuse_lookup(ensure->target, &ensure->lookup, err);
		return error_set_hint(err, "it has no `build` command in the project file");
	}
	/* Before a build, ensures the images that it needs, each once. */
	names = &ensure->target->image->needs;
	for (size_t i = 0; i < names->count; i++)
		if (!is_noted(ensure->needs, names->items[i]) &&
		    ensure_need(ensure, names->items[i], err) < 0)
			return -1;
	return ensure->options->dry_run ? 0 : ensure_build(ensure, err);
}

static char *
describe_built(const struct ensure *ensure)
{
	const struct ensure_result *result = ensure->result;

	if (ensure->options->dry_run)
		return xstrdup("was built here before; it would be used");
	if (result->adopted)
		return xstrdup("was built here before; another job has pushed it meanwhile, and "
			       "its image is used");
	if (result->pushed)
		return xstrdup("was built here before and is pushed now");
	return xasprintf("was built here before and is used; not pushed: %s; "
			 "--rebuild builds it anew",
			 result->why_not_pushed);
}

static char *
describe_build(const struct ensure *ensure)
{
	const struct ensure_result *result = ensure->result;
	AUTO_FREE char *missing = platforms_format(&result->missing, ", ");
	AUTO_FREE char *to = target_name(&ensure->destination, 0);

	if (ensure->options->dry_run)
		return will_push(ensure)
			       ? xasprintf("would be built for %s and pushed to '%s'", missing, to)
			       : xasprintf("would be built for %s and not pushed: %s", missing,
					   result->why_not_pushed);
	if (result->adopted)
		return xasprintf("was built for %s; another job has pushed it meanwhile, and its "
				 "image is used",
				 missing);
	if (result->pushed)
		return xasprintf("was built for %s and pushed", missing);
	return xasprintf("was built for %s and not pushed: %s", missing, result->why_not_pushed);
}

static void
say_what_happened(const struct ensure *ensure)
{
	const struct ensure_result *result = ensure->result;
	AUTO_FREE char *done = NULL;

	if (result->present)
		done = xstrdup(
			ensure->lookup.is_from_store
				? "is in the store, and its registry was not asked; nothing to "
				  "build"
				: "is present; nothing to build");
	else
		done = ensure->used_built ? describe_built(ensure) : describe_build(ensure);
	observer_tell(session_observer(ensure->session), EVENT_NOTICE, "%s:%s %s",
		      result->repository, result->tag, done);
}

/* The image that the registry has under the image's own name, pushed now or earlier. */
static int
keep_tags(const struct ensure *ensure, struct error **err)
{
	const struct ensure_options *options = ensure->options;
	bool is_there =
		ensure->result->present || ensure->result->pushed || ensure->result->adopted;

	if (options->push != PUSH_AUTO || options->dry_run || options->offline ||
	    options->platform_tag || !is_there || ensure->lookup.found.place != 0)
		return 0;
	return moving_tags_keep(ensure->session, ensure->target, &ensure->result->digest, err);
}

/* `name` NULL: the only image, or the default. */
static int
ensure_one(struct ensure *ensure, const char *name, struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	AUTO_PLATFORMS struct platforms wanted = { 0 };
	int result;
	AUTO_FREE char *caveat = NULL;
	AUTO_PLATFORM struct platform host = { 0 };

	if (target_of_project(ensure->project, name, NULL, &target, err) < 0)
		return -1;
	ensure->target = &target;
	if (ensure->options->platform_tag &&
	    target_take_platform(&target, &ensure->options->platforms->items[0], err) < 0)
		return -1;
	if (ensure->options->platforms)
		platforms_copy(ensure->options->platforms, &wanted);
	else
		platforms_copy(&ensure->target->platforms, &wanted);
	platform_host(&host);
	if (wanted.count == 0)
		platforms_add(&wanted, &host);
	ensure->platforms = &wanted;
	ensure->push_place = ensure->options->push == PUSH_AUTO ? target.pull_request_place : 0;
	ensure->destination = target;
	ensure->destination.candidates = &target.candidates[ensure->push_place];
	ensure->destination.candidate_count = 1;
	ensure->result->repository = location_repository(ensure->destination.candidates);
	ensure->result->tag = xstrdup(ensure->destination.candidates->reference.tag);
	ensure->result->fingerprint = ensure->destination.fingerprint;
	caveat = project_image_caveat(ensure->target->image);
	if (caveat)
		observer_tell(session_observer(ensure->session), EVENT_NOTICE, "%s", caveat);
	result = act(ensure, err) < 0 ? -1 : keep_tags(ensure, err);
	if (result == 0) {
		if ((ensure->result->built || ensure->used_built) && !ensure->result->pushed &&
		    !ensure->result->adopted)
			ensure->result->built_name = built_name(&target);
		say_what_happened(ensure);
	}
	lookup_release(&ensure->lookup);
	return result;
}

int
ensure_image(struct session *session, const struct project *project, const char *name,
	     const struct ensure_options *options, struct ensure_result *ret_result,
	     struct error **err)
{
	AUTO_STRINGS struct strings needs = { 0 };
	struct ensure ensure = {
		.session = session,
		.project = project,
		.options = options,
		.needs = &needs,
		.result = ret_result,
	};

	return ensure_one(&ensure, name, err);
}

void
ensure_result_release(struct ensure_result *result)
{
	free(result->repository);
	free(result->tag);
	free(result->built_name);
	platforms_release(&result->missing);
	memset(result, 0, sizeof(*result));
}
