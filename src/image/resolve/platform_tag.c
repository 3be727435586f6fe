/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resolve/platform_tag.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "image/resolve/target.h"

char *
platform_tag(const char *tag, const struct platform *platform, struct error **err)
{
	AUTO_FREE char *name = platform_format(platform);
	AUTO_FREE char *result = NULL;

	for (char *at = name; *at; at++)
		if (*at == '/')
			*at = '-';
	result = xasprintf("%s-%s", tag, name);
	if (reference_tag_is_valid(result))
		return TAKE_PTR(result);
	error_set(err, ERROR_USAGE, "invalid tag '%s'", result);
	return NULL;
}

/* The candidate that is at `from` then, under another tag, before all others. */
static void
insert_place(struct target *target, size_t from, const char *tag)
{
	struct reference *reference;

	target->candidates =
		xgrow(target->candidates, target->candidate_count, sizeof(*target->candidates));
	for (size_t i = target->candidate_count; i > 0; i--)
		target->candidates[i] = target->candidates[i - 1];
	target->candidate_count++;
	target->candidates[0] = (struct location){ 0 };
	location_copy(&target->candidates[from], &target->candidates[0]);
	reference = &target->candidates[0].reference;
	free(reference->tag);
	reference->tag = xstrdup(tag);
}

int
target_take_platform(struct target *target, const struct platform *platform, struct error **err)
{
	const char *whole = target->candidates[0].reference.tag;
	AUTO_FREE char *tag = NULL;

	if (!whole)
		return error_set(err, ERROR_USAGE, "a platform's tag needs the tag of the image");
	tag = platform_tag(whole, platform, err);
	if (!tag)
		return -1;
	platforms_release(&target->platforms);
	platforms_add(&target->platforms, platform);
	if (target->locked.algorithm != DIGEST_NONE)
		return 0;
	if (target->pull_request_place) {
		insert_place(target, target->pull_request_place + 1, tag);
		insert_place(target, 2, tag);
		target->pull_request_place = 1;
	} else {
		insert_place(target, 1, tag);
	}
	return 0;
}
