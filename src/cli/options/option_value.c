#include "cli/options/option_value.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/options/choice.h"
#include "oci/platform.h"

static int
set_uint(unsigned *target, const char *text, struct error **err)
{
	uint64_t value;

	if (text_parse_uint(text, UINT_MAX, &value) && value > 0) {
		*target = (unsigned)value;
		return 0;
	}
	return error_set(err, ERROR_USAGE, "'%s' is not a positive number", QUOTED(text));
}

static int
set_duration(int64_t *target_ms, const char *text, struct error **err)
{
	if (text_parse_duration_ms(text, target_ms))
		return 0;
	error_set(err, ERROR_USAGE, "'%s' is not a duration", QUOTED(text));
	return error_set_hint(err, "write it as 90, 1.5s, 2m or 1h30m");
}

static int
set_string(const struct option_spec *spec, const char **target, const char *text,
	   struct error **err)
{
	if (!choice_is(spec->argument, strlen(spec->argument)) ||
	    choice_has(spec->argument, text)) {
		*target = text;
		return 0;
	}
	return error_set(err, ERROR_USAGE, "'%s' is none of %s", QUOTED(text), spec->argument);
}

static int
add_platforms(struct platforms *target, const char *list, struct error **err)
{
	for (const char *rest = list; rest; rest = *rest ? rest + 1 : NULL) {
		size_t size = strcspn(rest, ",");
		AUTO_FREE char *text = xstrndup(rest, size);
		AUTO_PLATFORM struct platform platform = { 0 };

		if (platform_parse(text, &platform, err) < 0)
			return -1;
		platforms_add(target, &platform);
		rest += size;
	}
	return 0;
}

static int
set(const struct option_spec *spec, void *target, const char *text, struct error **err)
{
	switch (spec->type) {
	case OPTION_FLAG:
		*(bool *)target = true;
		return 0;
	case OPTION_STRING:
		return set_string(spec, target, text, err);
	case OPTION_STRINGS:
		strings_add(target, text);
		return 0;
	case OPTION_UINT:
		return set_uint(target, text, err);
	case OPTION_DURATION:
		return set_duration(target, text, err);
	case OPTION_PLATFORMS:
		return add_platforms(target, text, err);
	}
	return 0;
}

int
option_value_set(const struct option_spec *spec, void *values, const char *text, struct error **err)
{
	if (set(spec, (char *)values + spec->offset, text, err) < 0)
		return error_wrap(err, "option '--%s'", spec->name);
	return 0;
}

void
option_value_release(const struct option_spec *spec, void *values)
{
	void *target = (char *)values + spec->offset;

	if (spec->type == OPTION_STRINGS)
		strings_release(target);
	else if (spec->type == OPTION_PLATFORMS)
		platforms_release(target);
}
