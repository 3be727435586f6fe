#include "project/ci_event.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "project/ci.h"

static const char branch_prefix[] = "refs/heads/";

void
ci_event_release(struct ci_event *event)
{
	free(event->branch);
	free(event->base);
	free(event->default_branch);
	free(event->pull_request);
	*event = (struct ci_event){ 0 };
}

static json_t *
read_payload(void)
{
	const char *path = environment_find("GITHUB_EVENT_PATH");
	AUTO_BUF struct buf bytes = BUF_INIT(EVENT_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;

	if (!path || file_read(AT_FDCWD, path, &bytes, &ignored) < 0 || bytes.size == 0)
		return NULL;
	return document_parse(bytes.data, bytes.size, &ignored);
}

/* NULL: there is none, or it has characters that no branch needs and a line of output must not
 * have. */
static char *
safe_text(const char *text)
{
	return text && *text && text_is_printable_ascii(text) ? xstrdup(text) : NULL;
}

static char *
payload_text(const json_t *object, const char *key)
{
	return safe_text(json_string_value(json_object_get(object, key)));
}

static char *
payload_number(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	return json_is_integer(number) && json_integer_value(number) > 0
		       ? xasprintf("%lld", (long long)json_integer_value(number))
		       : NULL;
}

/* A repository that GitHub deleted is null: then it was a fork's. */
static bool
is_of_same_repository(const json_t *pull_request)
{
	const json_t *head = json_object_get(json_object_get(pull_request, "head"), "repo");
	const json_t *base = json_object_get(json_object_get(pull_request, "base"), "repo");
	const char *head_name = json_string_value(json_object_get(head, "full_name"));
	const char *base_name = json_string_value(json_object_get(base, "full_name"));

	return head_name && base_name && strcmp(head_name, base_name) == 0;
}

static void
find_pull_request(const json_t *payload, struct ci_event *event)
{
	const json_t *pull_request = json_object_get(payload, "pull_request");

	event->base = payload_text(json_object_get(pull_request, "base"), "ref");
	if (!is_of_same_repository(pull_request)) {
		event->trust = CI_READ_ONLY;
		event->why_not = "the pull request comes from a fork";
		return;
	}
	event->pull_request = payload_number(pull_request, "number");
	event->trust = event->pull_request ? CI_PULL_REQUEST : CI_READ_ONLY;
	event->why_not = event->pull_request ? "this is a pull request"
					     : "the event does not say which pull request this is";
	event->branch = payload_text(json_object_get(pull_request, "head"), "ref");
}

static char *
variable_text(const char *name)
{
	return safe_text(environment_find(name));
}

/* A merge request of a fork runs in the fork's project, or here when a member starts it: then the
 * projects differ. */
static void
find_merge_request(struct ci_event *event)
{
	const char *source = environment_find("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
	const char *project = environment_find("CI_PROJECT_ID");
	const char *number = environment_find("CI_MERGE_REQUEST_IID");
	uint64_t value;

	event->base = variable_text("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
	if (!source || !project || strcmp(source, project) != 0) {
		event->trust = CI_READ_ONLY;
		event->why_not = "the merge request comes from a fork";
		return;
	}
	if (number && text_parse_uint(number, UINT32_MAX, &value))
		event->pull_request = xasprintf("%llu", (unsigned long long)value);
	event->trust = event->pull_request ? CI_PULL_REQUEST : CI_READ_ONLY;
	event->why_not = event->pull_request
				 ? "this is a merge request"
				 : "CI_MERGE_REQUEST_IID does not say which merge request this is";
	event->branch = variable_text("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME");
}

static void
find_in_gitlab(struct ci_event *event)
{
	const char *source = environment_find("CI_PIPELINE_SOURCE");

	event->default_branch = variable_text("CI_DEFAULT_BRANCH");
	event->branch = variable_text("CI_COMMIT_BRANCH");
	if (source && strcmp(source, "merge_request_event") == 0)
		find_merge_request(event);
	else if (event->trust != CI_TRUSTED && event->branch && source &&
		 (strcmp(source, "push") == 0 || strcmp(source, "web") == 0))
		event->trust = CI_BRANCH;
}

void
ci_event_find(const struct strings *push_refs, struct ci_event *ret_event)
{
	const char *name = environment_find("GITHUB_EVENT_NAME");
	const char *ref = environment_find("GITHUB_REF");
	AUTO_JSON json_t *payload = NULL;
	struct ci_event event = { .trust = CI_READ_ONLY };

	if (ci_pushes(push_refs, &event.why_not))
		event.trust = CI_TRUSTED;
	if (ci_is_github()) {
		payload = read_payload();
		event.default_branch =
			payload_text(json_object_get(payload, "repository"), "default_branch");
		if (ref && text_starts(ref, branch_prefix))
			event.branch = safe_text(ref + strlen(branch_prefix));
		if (name && strcmp(name, "pull_request") == 0)
			find_pull_request(payload, &event);
		else if (event.trust != CI_TRUSTED && name && event.branch &&
			 (strcmp(name, "push") == 0 || strcmp(name, "workflow_dispatch") == 0))
			event.trust = CI_BRANCH;
	} else if (ci_is_gitlab()) {
		find_in_gitlab(&event);
	}
	*ret_event = event;
}
