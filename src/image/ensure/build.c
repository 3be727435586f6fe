#include "image/ensure/build.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/record.h"
#include "image/resolve/target.h"
#include "project/project.h"

static const char need_prefix[] = "OCIFP_NEEDS_";

/* "my-base=REF" becomes "OCIFP_NEEDS_MY_BASE=REF". */
static char *
need_variable(const char *need)
{
	char *variable = xasprintf("%s%s", need_prefix, need);

	for (char *at = variable + strlen(need_prefix); *at && *at != '='; at++)
		*at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
	return variable;
}

/* The pins stand in the record that the fingerprint was made of. */
static int
add_pins(const struct target *target, struct strings *variables, struct error **err)
{
	AUTO_RECORD struct record record = { 0 };
	AUTO_BUF struct buf bytes = BUF_INIT(RECORD_LIMIT_BYTES);
	char *pins = NULL;

	/* Parsing writes into its bytes, and the record itself is to be published. */
	if (buf_append(&bytes, target->record.data, target->record.size, err) < 0 ||
	    record_parse(bytes.data, bytes.size, &record, err) < 0)
		return -1;
	pins = xstrdup("OCIFP_PINS=");
	for (size_t i = 0; i < record.count; i++) {
		const struct record_entry *entry = &record.entries[i];
		AUTO_FREE char *before = pins;

		if (entry->kind == RECORD_IMAGE)
			pins = xasprintf("%s%s%s@%.*s", before, text_ends(before, "=") ? "" : "\n",
					 entry->key, (int)entry->value_size, entry->value);
		else
			before = NULL;
	}
	strings_take(variables, pins);
	return 0;
}

/* What the contract names is ours to say; settings such as OCIFP_STORE stay the user's. */
static bool
is_of_contract(const char *variable)
{
	static const char *const names[] = {
		"OCIFP_REF=",  "OCIFP_FINGERPRINT=", "OCIFP_PLATFORMS=", "OCIFP_OUTPUT=",
		"OCIFP_PINS=", "OCIFP_BUILD=",       "OCIFP_NEEDS_"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (text_starts(variable, names[i]))
			return true;
	return false;
}

static int
fill_environment(const struct build_options *options, const char *output, struct strings *variables,
		 struct error **err)
{
	const struct target *target = options->target;
	AUTO_FREE char *platforms = platforms_format(options->platforms, ",");
	AUTO_FREE char *name = target_name(target, 0);

	for (char **variable = environ; *variable; variable++)
		if (!is_of_contract(*variable))
			strings_add(variables, *variable);
	strings_add(variables, "OCIFP_BUILD=1");
	strings_take(variables, xasprintf("OCIFP_REF=%s", name));
	strings_take(variables, xasprintf("OCIFP_FINGERPRINT=%s",
					  digest_hex(&target->fingerprint.digest).text));
	strings_take(variables, xasprintf("OCIFP_PLATFORMS=%s", platforms));
	strings_take(variables, xasprintf("OCIFP_OUTPUT=%s", output));
	for (size_t i = 0; i < options->needs->count; i++)
		strings_take(variables, need_variable(options->needs->items[i]));
	return add_pins(target, variables, err);
}

static int
run_command(const struct build_options *options, const struct build_room *room, const char *output,
	    struct error **err)
{
	const char *command = options->target->image->build;
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	AUTO_STRINGS struct strings variables = { 0 };
	struct spawn_options spawn = {
		.argv = argv,
		.directory = options->target->directory,
		.deadline_ms = options->deadline_ms,
		/* The room stays locked while any process of the build is alive. */
		.held_fd = room->lock_fd,
	};
	struct spawn_result result = { 0 };

	if (fill_environment(options, output, &variables, err) < 0)
		return -1;
	spawn.environment = (const char *const *)variables.items;
	if (spawn_run(&spawn, &result, err) < 0)
		return error_wrap(err, "cannot run the build command");
	if (result.timed_out)
		return error_set(err, ERROR_TIMEOUT, "the build command took too long");
	if (result.exit_status == 0)
		return 0;
	error_set(err, ERROR_BUILD, "the build command '%s' failed with status %d", QUOTED(command),
		  result.exit_status);
	return error_set_class(err, "build");
}

/* A layout directory, or a tar whose kind its content tells. */
static int
find_output(const char *path, struct build_output *output, struct error **err)
{
	struct stat info;

	if (lstat(path, &info) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_set_errno(err, errno, "cannot look at '%s'", path);
	}
	if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))
		return error_set(err, ERROR_BUILD,
				 "the build command left neither a directory nor "
				 "a file as $OCIFP_OUTPUT");
	output->is_there = true;
	output->location.transport =
		S_ISDIR(info.st_mode) ? TRANSPORT_LAYOUT : TRANSPORT_OCI_ARCHIVE;
	output->location.path = xstrdup(path);
	return 0;
}

int
build_run(const struct build_options *options, struct build_output *ret_output, struct error **err)
{
	AUTO_FREE char *path = NULL;

	if (build_room_make(&ret_output->room, err) < 0)
		return -1;
	path = xasprintf("%s/image", ret_output->room.path);
	if (run_command(options, &ret_output->room, path, err) < 0)
		return -1;
	return find_output(path, ret_output, err);
}

void
build_output_release(struct build_output *output)
{
	build_room_release(&output->room);
	location_release(&output->location);
}
