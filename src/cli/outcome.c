#include "cli/outcome.h"

#include "base/deadline.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/github.h"
#include "cli/output/progress.h"
#include "image/resolve/target.h"

static int
set_flag(const char *name, const bool *value, struct error **err)
{
	return value ? github_set_output(name, *value ? "true" : "false", err) : 0;
}

static int
set_outputs(const struct outcome *outcome, const char *digest, struct error **err)
{
	const struct target *target = outcome->target;

	if (target && target->by_hash &&
	    github_set_output("fingerprint", digest_hex(&target->fingerprint.digest).text, err) < 0)
		return -1;
	if (outcome->tag && github_set_output("tag", outcome->tag, err) < 0)
		return -1;
	if (digest && github_set_output("digest", digest, err) < 0)
		return -1;
	if (github_set_output("image", outcome->repository, err) < 0 ||
	    set_flag("present", outcome->present, err) < 0)
		return -1;
	return set_flag("pushed", outcome->pushed, err);
}

static int
add_summary(const struct context *context, const struct outcome *outcome, const char *digest,
	    struct error **err)
{
	const struct progress_counts *counts = progress_counts(context->progress);
	struct github_summary summary = {
		.image = outcome->repository,
		.tag = outcome->tag,
		.digest = digest,
		.counts = counts,
		.elapsed_ms = deadline_now_ms() - counts->started_ms,
	};

	return github_add_summary(&summary, err);
}

static json_t *
outcome_json(const struct context *context, const struct outcome *outcome, const char *digest)
{
	const struct progress_counts *counts = progress_counts(context->progress);
	const struct target *target = outcome->target;
	json_t *object = json_pack(
		"{s:s, s:s?, s:s?, s:I, s:I, s:I, s:I}", "image", outcome->repository, "tag",
		outcome->tag, "digest", digest, "moved_bytes", (json_int_t)counts->moved_bytes,
		"reused_bytes", (json_int_t)counts->reused_bytes, "requests",
		(json_int_t)counts->requests, "retries", (json_int_t)counts->retries);

	if (target && target->by_hash)
		json_object_set_new(object, "fingerprint",
				    json_string(digest_hex(&target->fingerprint.digest).text));
	if (outcome->present)
		json_object_set_new(object, "present", json_boolean(*outcome->present));
	if (outcome->pushed)
		json_object_set_new(object, "pushed", json_boolean(*outcome->pushed));
	if (outcome->details)
		json_object_update(object, outcome->details);
	json_decref(outcome->details);
	return object;
}

static int
print(struct context *context, const struct outcome *outcome, const char *digest,
      struct error **err)
{
	AUTO_FREE char *text = digest ? xasprintf("%s@%s", outcome->repository, digest)
				      : xasprintf("%s:%s", outcome->repository, outcome->tag);
	json_t *object = outcome_json(context, outcome, digest);

	if (!outcome->stdout_is_taken)
		return context_result(context, text, object, err);
	json_decref(object);
	context_notice(context, "%s", text);
	return 0;
}

int
outcome_tell(struct context *context, const struct outcome *outcome, struct error **err)
{
	struct digest_text text;
	const char *digest = NULL;

	if (outcome->digest->algorithm != DIGEST_NONE) {
		text = digest_text(outcome->digest);
		digest = text.text;
	}
	if (print(context, outcome, digest, err) < 0 || set_outputs(outcome, digest, err) < 0)
		return -1;
	return add_summary(context, outcome, digest, err);
}
