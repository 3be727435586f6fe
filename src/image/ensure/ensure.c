#include "image/ensure/ensure.h"

#include <poll.h>
#include <string.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/ensure/ensure_private.h"
#include "image/resolve/built.h"
#include "image/resolve/platform_tag.h"
#include "image/resolve/target.h"
#include "image/transfer/pull.h"
#include "image/trust/verify.h"
#include "project/project.h"
#include "repository/session.h"

#define ASK_AGAIN_MS 5000 /* while another job builds */

int
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
		      "taken for absent, as --assume-absent says: %s", error_text(*err));
	error_free(*err);
	*err = NULL;
	ensure->lookup.presence = PRESENCE_ABSENT;
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

int
ensure_pull(struct ensure *ensure, struct error **err)
{
	AUTO_PLATFORMS struct platforms platforms = { 0 };
	AUTO_PULL_RESULT struct pull_result pulled = { 0 };
	struct pull_options options = {
		.platforms = &platforms,
		.offline = ensure->options->offline,
	};

	choose_for_pull(ensure, &platforms);
	note_found(ensure);
	if (verify_found(ensure, err) < 0)
		return -1;
	if (platforms.count == 0)
		return 0;
	return pull_found(ensure->session, ensure->target, &options, &ensure->lookup.found, &pulled,
			  err);
}

/* All that is wanted when nothing is there; else what is not.  Part of an image in a fallback is
 * nothing: our index could not list it. */
static void
note_missing(struct ensure *ensure)
{
	const struct platforms *missing = &ensure->lookup.missing;
	bool has_part = missing->count > 0 && ensure->lookup.found.place == 0;

	platforms_release(&ensure->result->missing);
	platforms_copy(has_part ? missing : ensure->platforms, &ensure->result->missing);
}

static bool
lists_what_is_absent(const struct error *failure)
{
	return error_class(failure) && strcmp(error_class(failure), "manifest_unknown") == 0;
}

/* An index may list a manifest that is not there any more: then that platform is missing. */
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
	if (!lists_what_is_absent(failure) || ensure->deep)
		return error_pass(err, TAKE_PTR(failure));
	ensure->deep = true;
	if (ensure_ask(ensure, err) < 0)
		return -1;
	*present = ensure->lookup.presence == PRESENCE_PRESENT;
	return *present ? ensure_pull(ensure, err) : 0;
}

/* Until it is there, was built here before, or the time is up: then *ret_done is false. */
static int
ask_until(struct ensure *ensure, int64_t deadline_ms, bool *ret_done, struct error **err)
{
	for (;;) {
		if (ensure_ask(ensure, err) < 0 || take_present(ensure, err) < 0)
			return -1;
		*ret_done = ensure->result->present;
		if (*ret_done)
			return 0;
		note_missing(ensure);
		if (ensure_use_built(ensure, ret_done, err) < 0)
			return -1;
		if (*ret_done || deadline_left_ms(deadline_ms, 1) == 0)
			return 0;
		observer_tell(session_observer(ensure->session), EVENT_TRACE,
			      "absent; another job may be building it, so it is asked again");
		(void)poll(NULL, 0, deadline_left_ms(deadline_ms, ASK_AGAIN_MS));
	}
}

static int
act(struct ensure *ensure, struct error **err)
{
	int64_t deadline_ms = deadline_after_ms(ensure->options->wait_ms);
	bool done = false;

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
		return error_set_hint(err, "the project file has no `build` command for it");
	}
	if (ensure_needs(ensure, err) < 0)
		return -1;
	return ensure->options->dry_run ? 0 : ensure_build(ensure, err);
}

static void
describe(const struct target *target, struct ensure_result *result)
{
	result->repository = location_repository(&target->candidates[0]);
	result->tag = xstrdup(target->candidates[0].reference.tag);
	result->fingerprint = target->fingerprint;
}

static void
choose_wanted(const struct ensure *ensure, struct platforms *ret_wanted)
{
	AUTO_PLATFORM struct platform host = { 0 };

	if (ensure->options->platforms)
		platforms_copy(ensure->options->platforms, ret_wanted);
	else
		platforms_copy(&ensure->target->platforms, ret_wanted);
	platform_host(&host);
	if (ret_wanted->count == 0)
		platforms_add(ret_wanted, &host);
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

	if (ensure->options->dry_run)
		return xasprintf("would be built for %s", missing);
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
		done = xstrdup("is there; nothing to build");
	else
		done = ensure->used_built ? describe_built(ensure) : describe_build(ensure);
	observer_tell(session_observer(ensure->session), EVENT_NOTICE, "%s:%s %s",
		      result->repository, result->tag, done);
}

int
ensure_one(struct ensure *ensure, const char *name, struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	AUTO_PLATFORMS struct platforms wanted = { 0 };
	int result;

	if (target_of_project(ensure->project, name, NULL, &target, err) < 0)
		return -1;
	ensure->target = &target;
	if (ensure->options->platform_tag &&
	    target_take_platform(&target, &ensure->options->platforms->items[0], err) < 0)
		return -1;
	choose_wanted(ensure, &wanted);
	ensure->platforms = &wanted;
	describe(&target, ensure->result);
	result = act(ensure, err);
	lookup_release(&ensure->lookup);
	if (result < 0)
		return -1;
	if ((ensure->result->built || ensure->used_built) && !ensure->result->pushed &&
	    !ensure->result->adopted)
		ensure->result->built_name = built_name(&target);
	say_what_happened(ensure);
	return 0;
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
