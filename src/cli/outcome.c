/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/outcome.h"

#include "base/deadline.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/github.h"
#include "cli/output/progress.h"
#include "image/resolve/target.h"
#include "oci/document.h"

struct outcome
outcome_of(const struct target *target, const char *repository, const struct digest *digest)
{
	return (struct outcome){
		.repository = repository,
		.tag = target->candidates[0].reference.tag,
		.digest = digest,
		.target = target,
	};
}

static int
set_output(const struct outcome *outcome, const char *key, const char *value, struct error **err)
{
	AUTO_FREE char *own = outcome->name ? xasprintf("%s-%s", outcome->name, key) : NULL;

	return value ? github_set_output(own ? own : key, value, err) : 0;
}

static const char *
flag_text(const bool *value)
{
	return !value ? NULL : *value ? "true" : "false";
}

void
outcome_add_counts(const struct context *context, json_t *object)
{
	const struct progress_counts *counts = progress_counts(context->progress);
	AUTO_JSON json_t *members =
		json_pack("{s:I, s:I, s:I, s:I}", "moved_bytes", (json_int_t)counts->moved_bytes,
			  "reused_bytes", (json_int_t)counts->reused_bytes, "requests",
			  (json_int_t)counts->requests, "retries", (json_int_t)counts->retries);

	json_object_update(object, members);
}

static json_t *
outcome_json(const struct context *context, const struct outcome *outcome, const char *digest)
{
	const struct target *target = outcome->target;
	json_t *object = json_pack("{s:s, s:s?, s:s?}", "image", outcome->repository, "tag",
				   outcome->tag, "digest", digest);

	outcome_add_counts(context, object);
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

	if (outcome->list && context->options.json) {
		json_array_append_new(outcome->list, object);
		return 0;
	}
	if (!outcome->stdout_is_taken)
		return context_result(context, text, object, err);
	json_decref(object);
	context_notice(context, "%s", text);
	return 0;
}

int
outcome_tell_github(struct context *context, const struct outcome *outcome, struct error **err)
{
	bool has_digest = outcome->digest->algorithm != DIGEST_NONE;
	struct digest_text text =
		has_digest ? digest_text(outcome->digest) : (struct digest_text){ "" };
	const char *digest = has_digest ? text.text : NULL;
	const struct progress_counts *counts = progress_counts(context->progress);
	const struct target *target = outcome->target;
	const struct github_summary summary = {
		.image = outcome->repository,
		.tag = outcome->tag,
		.digest = digest,
		.counts = counts,
		.elapsed_ms = deadline_now_ms() - counts->started_ms,
	};

	if ((target && target->by_hash &&
	     set_output(outcome, "fingerprint", digest_hex(&target->fingerprint.digest).text, err) <
		     0) ||
	    set_output(outcome, "tag", outcome->tag, err) < 0 ||
	    set_output(outcome, "digest", digest, err) < 0 ||
	    set_output(outcome, "image", outcome->repository, err) < 0 ||
	    set_output(outcome, "present", flag_text(outcome->present), err) < 0 ||
	    set_output(outcome, "pushed", flag_text(outcome->pushed), err) < 0)
		return -1;
	return github_add_summary(&summary, err);
}

int
outcome_tell(struct context *context, const struct outcome *outcome, struct error **err)
{
	bool has_digest = outcome->digest->algorithm != DIGEST_NONE;
	struct digest_text text =
		has_digest ? digest_text(outcome->digest) : (struct digest_text){ "" };

	return print(context, outcome, has_digest ? text.text : NULL, err) < 0
		       ? -1
		       : outcome_tell_github(context, outcome, err);
}
