#include "base/error.h"
#include "base/text.h"
#include "cli/commands/cmd_store.h"
#include "cli/context.h"
#include "run/root/volumes.h"
#include "store/store.h"

struct rm_values {
	struct strings volumes;
};

static int
remove_reference(struct store *store, const char *name, struct error **err)
{
	bool found = false;

	if (store_remove_reference(store, name, &found, err) < 0)
		return error_wrap(err, "cannot remove '%s'", QUOTED(name));
	if (found)
		return 0;
	error_set(err, ERROR_USAGE, "the store has no reference '%s'", QUOTED(name));
	return error_set_hint(err, "'ocifp store ls' lists them");
}

static int
remove_volume(struct store *store, const char *name, struct error **err)
{
	bool found = false;

	if (volume_remove(store, name, &found, err) < 0)
		return error_wrap(err, "cannot remove volume '%s'", QUOTED(name));
	if (found)
		return 0;
	error_set(err, ERROR_USAGE, "the store has no volume '%s'", QUOTED(name));
	return error_set_hint(err, "'ocifp store ls' lists them");
}

static json_t *
array_of(const struct strings *names)
{
	json_t *array = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(array, json_string(names->items[i]));
	return array;
}

static int
run_rm(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	const struct rm_values *values = opaque;
	struct store *store = session_store(context_session(context), err);

	if (!store)
		return -1;
	if (operands->count == 0 && values->volumes.count == 0)
		return error_set(err, ERROR_USAGE, "nothing is named that is to be removed");
	for (size_t i = 0; i < operands->count; i++)
		if (remove_reference(store, operands->items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < values->volumes.count; i++)
		if (remove_volume(store, values->volumes.items[i], err) < 0)
			return -1;
	if (!context->options.json)
		return 0;
	return context_result(context, "",
			      json_pack("{s:o, s:o}", "removed", array_of(operands),
					"removed_volumes", array_of(&values->volumes)),
			      err);
}

static const struct option_spec rm_options[] = {
	{ "volume", 0, OPTION_STRINGS, offsetof(struct rm_values, volumes), "NAME",
	  "remove this volume of `ocifp run`; repeatable" },
	{ 0 },
};

const struct command cmd_store_rm = {
	.name = "rm",
	.summary = "remove references or volumes",
	.usage = "[--volume NAME] [REF...]",
	.options = rm_options,
	.values_size = sizeof(struct rm_values),
	.groups = OPTIONS_STORE,
	.operands_max = OPERANDS_ANY,
	.run = run_rm,
};
