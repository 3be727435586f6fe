#include "image/platform_tag.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "image/target.h"

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
	error_set(err, ERROR_USAGE, "'%s' is no tag", result);
	return NULL;
}

static void
insert_place(struct target *target)
{
	target->places = xgrow(target->places, target->place_count, sizeof(*target->places));
	for (size_t i = target->place_count; i > 0; i--)
		target->places[i] = target->places[i - 1];
	target->places[0] = (struct location){ 0 };
	location_copy(&target->places[1], &target->places[0]);
	target->place_count++;
}

int
target_take_platform(struct target *target, const struct platform *platform, struct error **err)
{
	const char *whole = target->places[0].reference.tag;
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
	insert_place(target);
	free(target->places[0].reference.tag);
	target->places[0].reference.tag = TAKE_PTR(tag);
	return 0;
}
