/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/image_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "stream/compress.h"

#define PORT_LIMIT 65535
#define EPOCH_LIMIT_S 253402300799 /* the end of the year 9999: RFC 3339 has no later one */
#define ID_LIMIT 4294967294        /* the last one means "unchanged" to chown(2) */

static int
check_pairs(const char *option, const struct strings *pairs, struct error **err)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (strcspn(pairs->items[i], "=") == 0 || !strchr(pairs->items[i], '='))
			return error_set(err, ERROR_USAGE, "--%s requires NAME=VALUE, not '%s'",
					 option, QUOTED(pairs->items[i]));
	return 0;
}

static bool
is_port(const char *text)
{
	size_t size = strcspn(text, "/");
	AUTO_FREE char *number = xstrndup(text, size);
	const char *protocol = text[size] ? text + size + 1 : "tcp";
	uint64_t value;

	return text_parse_uint(number, PORT_LIMIT, &value) && value > 0 &&
	       (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0 ||
		strcmp(protocol, "sctp") == 0);
}

/* JSON holds nothing else. */
static int
check_text(const struct image_options *options, struct error **err)
{
	const struct strings *lists[] = { &options->environment, &options->entrypoint,
					  &options->command,     &options->labels,
					  &options->volumes,     &options->annotations };
	const char *texts[] = { options->user, options->working_dir, options->stop_signal,
				options->author, options->created_by };
	bool is_valid = true;

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		for (size_t k = 0; k < lists[i]->count; k++)
			is_valid = is_valid && utf8_is_valid(lists[i]->items[k]);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		is_valid = is_valid && (!texts[i] || utf8_is_valid(texts[i]));
	return is_valid
		       ? 0
		       : error_set(err, ERROR_USAGE, "the configuration of an image must be UTF-8");
}

/* The convention of reproducible builds; without it 1970. */
int
source_date_read(int64_t *ret_epoch_s, struct error **err)
{
	const char *text = environment_find("SOURCE_DATE_EPOCH");
	uint64_t value = 0;

	if (text && !text_parse_uint(text, EPOCH_LIMIT_S, &value))
		return error_set(err, ERROR_USAGE, "SOURCE_DATE_EPOCH is not a number of seconds");
	*ret_epoch_s = (int64_t)value;
	return 0;
}

bool
image_options_are_said(const struct image_options *options)
{
	return options->environment.count > 0 || options->entrypoint.count > 0 ||
	       options->command.count > 0 || options->user || options->working_dir ||
	       options->labels.count > 0 || options->ports.count > 0 ||
	       options->volumes.count > 0 || options->stop_signal ||
	       options->annotations.count > 0 || options->author || options->created_by;
}

int
image_options_read(const struct image_options *options, struct config_change *ret_change,
		   json_t **ret_annotations, struct derive_options *derive, struct error **err)
{
	int64_t epoch_s = 0;
	json_t *object;

	if (check_pairs("env", &options->environment, err) < 0 ||
	    check_pairs("label", &options->labels, err) < 0 ||
	    check_pairs("annotation", &options->annotations, err) < 0)
		return -1;
	for (size_t i = 0; i < options->ports.count; i++) {
		if (is_port(options->ports.items[i]))
			continue;
		return error_set(err, ERROR_USAGE, "--expose: '%s' is not a port",
				 QUOTED(options->ports.items[i]));
	}
	for (size_t i = 0; i < options->volumes.count; i++)
		if (options->volumes.items[i][0] != '/')
			return error_set(err, ERROR_USAGE, "--volume requires an absolute path");
	if (options->working_dir && options->working_dir[0] != '/')
		return error_set(err, ERROR_USAGE, "--workdir requires an absolute path");
	if ((options->entrypoint.count > 0 && !*options->entrypoint.items[0]) ||
	    (options->command.count > 0 && !*options->command.items[0])) {
		error_set(err, ERROR_USAGE, "--entrypoint and --cmd require a program's name");
		return error_set_hint(err, "'ocifp mutate --clear entrypoint' removes one");
	}
	if (check_text(options, err) < 0 || source_date_read(&epoch_s, err) < 0)
		return -1;
	*ret_change = (struct config_change){
		.environment = &options->environment,
		.entrypoint = &options->entrypoint,
		.command = &options->command,
		.user = options->user,
		.working_dir = options->working_dir,
		.labels = &options->labels,
		.ports = &options->ports,
		.volumes = &options->volumes,
		.stop_signal = options->stop_signal,
		.author = options->author,
		.created_by = options->created_by,
		.created_s = epoch_s,
	};
	object = json_object();
	for (size_t i = 0; i < options->annotations.count; i++) {
		size_t size = strcspn(options->annotations.items[i], "=");
		AUTO_FREE char *name = xstrndup(options->annotations.items[i], size);

		json_object_set_new(object, name,
				    json_string(options->annotations.items[i] + size + 1));
	}
	*ret_annotations = object;
	derive->change = ret_change;
	derive->annotations = *ret_annotations;
	derive->how.compression = COMPRESSION_GZIP;
	return 0;
}

int
compression_options_read(const struct compression_options *options, struct derive_options *derive,
			 struct error **err)
{
	const char *compression = options->compression ? options->compression : "gzip";
	int limit;

	derive->how.compression = COMPRESSION_GZIP;
	if (strcmp(compression, "zstd") == 0)
		derive->how.compression = COMPRESSION_ZSTD;
	else if (strcmp(compression, "none") == 0)
		derive->how.compression = COMPRESSION_NONE;
	limit = derive->how.compression == COMPRESSION_GZIP ? GZIP_LEVEL_LIMIT : ZSTD_LEVEL_LIMIT;
	if (options->level > 0 && derive->how.compression == COMPRESSION_NONE)
		return error_set(err, ERROR_USAGE, "--level requires a compression");
	if (options->level > (unsigned)limit)
		return error_set(err, ERROR_USAGE, "invalid --level '%u': expected 1 to %d",
				 options->level, limit);
	derive->how.level = (int)options->level;
	return 0;
}

int
layer_options_read(const struct layer_options *options, struct derive_options *derive,
		   struct error **err)
{
	AUTO_FREE char *uid = NULL;
	size_t size;

	derive->how.pack.mtime_limit_s = derive->change->created_s;
	if (compression_options_read(&options->form, derive, err) < 0)
		return -1;
	if (!options->owner)
		return 0;
	size = strcspn(options->owner, ":");
	uid = xstrndup(options->owner, size);
	derive->how.pack.keep_owners = strcmp(options->owner, "keep") == 0;
	if (derive->how.pack.keep_owners)
		return 0;
	if (options->owner[size] == ':' && text_parse_uint(uid, ID_LIMIT, &derive->how.pack.uid) &&
	    text_parse_uint(options->owner + size + 1, ID_LIMIT, &derive->how.pack.gid))
		return 0;
	return error_set(err, ERROR_USAGE, "--owner requires UID:GID, in numbers, or 'keep'");
}

static int
add_annotation(json_t *annotations, const char *text, struct error **err)
{
	const char *equals = strchr(text, '=');
	AUTO_FREE char *name = equals ? xstrndup(text, (size_t)(equals - text)) : NULL;

	if (name && *name && json_object_set_new(annotations, name, json_string(equals + 1)) == 0)
		return 0;
	return error_set(err, ERROR_USAGE, "invalid annotation '%s': expected NAME=VALUE in UTF-8",
			 QUOTED(text));
}

json_t *
annotations_parse(const struct strings *texts, struct error **err)
{
	AUTO_JSON json_t *annotations = json_object();

	for (size_t i = 0; i < texts->count; i++)
		if (add_annotation(annotations, texts->items[i], err) < 0)
			return NULL;
	return TAKE_PTR(annotations);
}
