/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/config_edit.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "oci/platform.h"

/* The member with that name and type; created if it is missing or has another type. */
static json_t *
require_object(json_t *object, const char *name)
{
	if (!json_is_object(json_object_get(object, name)))
		json_object_set_new(object, name, json_object());
	return json_object_get(object, name);
}

static json_t *
require_array(json_t *object, const char *name)
{
	if (!json_is_array(json_object_get(object, name)))
		json_object_set_new(object, name, json_array());
	return json_object_get(object, name);
}

static void
set_text(json_t *object, const char *name, const char *value)
{
	if (value)
		json_object_set_new(object, name, json_string(value));
}

static void
set_list(json_t *object, const char *name, const struct strings *values)
{
	if (values->count > 0)
		json_object_set_new(object, name, json_strings(values));
}

static void
set_variable(json_t *environment, const char *variable)
{
	size_t count = json_array_size(environment);
	size_t name_size = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < count; i++) {
		const char *old = json_string_value(json_array_get(environment, i));

		if (old && strncmp(variable, old, name_size) == 0) {
			json_array_set_new(environment, i, json_string(variable));
			return;
		}
	}
	json_array_append_new(environment, json_string(variable));
}

static void
set_environment(json_t *config, const struct strings *variables)
{
	json_t *environment;

	if (variables->count == 0)
		return;
	environment = require_array(config, "Env");
	for (size_t i = 0; i < variables->count; i++)
		set_variable(environment, variables->items[i]);
}

/* A set is an object with empty objects as values. */
static void
add_to_set(json_t *config, const char *name, const char *member, const char *suffix)
{
	AUTO_FREE char *key = xasprintf("%s%s", member, suffix);

	json_object_set_new(require_object(config, name), key, json_object());
}

/* In the order of enum config_part. */
static const char *const clearable[] = { "Env",        "Entrypoint", "Cmd",          "User",
					 "WorkingDir", "Labels",     "ExposedPorts", "Volumes",
					 "StopSignal", "Healthcheck" };

static void
set_run(json_t *document, const struct config_change *change)
{
	json_t *config = require_object(document, "config");

	for (size_t i = 0; i < COUNT_OF(clearable); i++)
		if (change->cleared & 1U << i)
			json_object_del(config, clearable[i]);
	set_environment(config, change->environment);
	/* As in a Dockerfile: a new entry point drops the old command. */
	if (change->entrypoint->count > 0)
		json_object_del(config, "Cmd");
	set_list(config, "Entrypoint", change->entrypoint);
	set_list(config, "Cmd", change->command);
	set_text(config, "User", change->user);
	set_text(config, "WorkingDir", change->working_dir);
	for (size_t i = 0; i < change->labels->count; i++) {
		const char *label = change->labels->items[i];
		size_t size = strcspn(label, "=");
		AUTO_FREE char *name = xstrndup(label, size);

		json_object_set_new(require_object(config, "Labels"), name,
				    json_string(label + size + 1));
	}
	for (size_t i = 0; i < change->ports->count; i++) {
		const char *port = change->ports->items[i];

		add_to_set(config, "ExposedPorts", port, strchr(port, '/') ? "" : "/tcp");
	}
	for (size_t i = 0; i < change->volumes->count; i++)
		add_to_set(config, "Volumes", change->volumes->items[i], "");
	set_text(config, "StopSignal", change->stop_signal);
}

/* RFC 3339; the caller's. */
static char *
format_time(int64_t seconds)
{
	char text[sizeof("-2147481748-01-01T00:00:00Z")];
	time_t time = seconds;
	struct tm parts = { 0 };

	(void)gmtime_r(&time, &parts);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	return xstrdup(text);
}

static size_t
count_filled(const json_t *history)
{
	const json_t *entry;
	size_t count = 0;
	size_t i;

	json_array_foreach (history, i, entry)
		count += !json_is_true(json_object_get(entry, "empty_layer"));
	return count;
}

json_t *
config_new(const struct platform *platform)
{
	json_t *document = platform_json(platform);

	json_object_set_new(document, "config", json_object());
	json_object_set_new(document, "rootfs",
			    json_pack("{s:s, s:[]}", "type", "layers", "diff_ids"));
	return document;
}

void
config_edit(json_t *document, const struct config_change *change, const struct digest *diff_ids,
	    size_t diff_id_count)
{
	json_t *list = require_array(require_object(document, "rootfs"), "diff_ids");
	AUTO_FREE char *created = format_time(change->created_s);
	size_t filled = count_filled(json_object_get(document, "history"));

	set_text(document, "created", created);
	set_text(document, "author", change->author);
	if (change->platform) {
		AUTO_JSON json_t *members = platform_json(change->platform);

		json_object_del(document, "variant");
		json_object_del(document, "os.version");
		json_object_del(document, "os.features");
		json_object_update(document, members);
	}
	set_run(document, change);
	/* Readers refuse a history whose number of layers differs from the image's. */
	if (filled == json_array_size(list)) {
		json_t *history = require_array(document, "history");

		for (size_t i = 0; i < diff_id_count || i == 0; i++) {
			json_t *entry = json_pack("{s:s, s:s}", "created", created, "created_by",
						  change->created_by);

			if (diff_id_count == 0)
				json_object_set_new(entry, "empty_layer", json_true());
			json_array_append_new(history, entry);
		}
	}
	for (size_t i = 0; i < diff_id_count; i++)
		json_array_append_new(list, json_string(digest_text(&diff_ids[i]).text));
}

static bool
history_fits(const json_t *document)
{
	const json_t *rootfs = json_object_get(document, "rootfs");

	return count_filled(json_object_get(document, "history")) ==
	       json_array_size(json_object_get(rootfs, "diff_ids"));
}

/* How many entries of the history are those of the base. */
static size_t
count_of_base(const json_t *history, const json_t *base)
{
	const json_t *base_history = json_object_get(base, "history");
	size_t layers =
		json_array_size(json_object_get(json_object_get(base, "rootfs"), "diff_ids"));
	size_t count = 0;
	size_t filled = 0;

	while (count < json_array_size(base_history) &&
	       json_equal(json_array_get(history, count), json_array_get(base_history, count)))
		count++;
	if (count > 0 && count == json_array_size(base_history) && history_fits(base))
		return count;
	for (count = 0; count < json_array_size(history) && filled < layers; count++)
		filled += !json_is_true(
			json_object_get(json_array_get(history, count), "empty_layer"));
	return count;
}

/* The base's items, then those of the list from `first` on; the caller's. */
static json_t *
stack(const json_t *base, const json_t *list, size_t first)
{
	json_t *stacked = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach (base, i, item)
		json_array_append_new(stacked, json_deep_copy(item));
	for (i = first; i < json_array_size(list); i++)
		json_array_append(stacked, json_array_get(list, i));
	return stacked;
}

void
config_rebase(json_t *document, const json_t *old_base, const json_t *new_base)
{
	static const char *const members[] = { "architecture", "variant", "os", "os.version",
					       "os.features" };
	json_t *rootfs = require_object(document, "rootfs");
	const json_t *old_ids = json_object_get(json_object_get(old_base, "rootfs"), "diff_ids");
	const json_t *new_ids = json_object_get(json_object_get(new_base, "rootfs"), "diff_ids");
	const json_t *history = json_object_get(document, "history");

	if (history_fits(document) && history_fits(new_base))
		json_object_set_new(document, "history",
				    stack(json_object_get(new_base, "history"), history,
					  count_of_base(history, old_base)));
	else
		json_object_del(document, "history");
	json_object_set_new(
		rootfs, "diff_ids",
		stack(new_ids, json_object_get(rootfs, "diff_ids"), json_array_size(old_ids)));
	/* A config that names no platform leaves the image's. */
	for (size_t i = 0; json_object_get(new_base, "os") && i < COUNT_OF(members); i++) {
		const json_t *value = json_object_get(new_base, members[i]);

		if (value)
			json_object_set_new(document, members[i], json_deep_copy(value));
		else
			json_object_del(document, members[i]);
	}
}

void
config_flatten(json_t *document, const struct digest *diff_id, const char *created_by)
{
	json_t *created = json_object_get(document, "created");
	json_t *entry = json_object();

	if (json_is_string(created))
		json_object_set(entry, "created", created);
	json_object_set_new(entry, "created_by", json_string(created_by));
	json_object_set_new(
		document, "rootfs",
		json_pack("{s:s, s:[s]}", "type", "layers", "diff_ids", digest_text(diff_id).text));
	json_object_set_new(document, "history", json_pack("[o]", entry));
}

json_t *
manifest_new(void)
{
	return json_pack("{s:i, s:s, s:{}, s:[]}", "schemaVersion", 2, "mediaType",
			 MEDIA_OCI_MANIFEST, "config", "layers");
}

static int
convert_layer(json_t *layer, enum media_family family, struct error **err)
{
	const char *type = json_string_value(json_object_get(layer, "mediaType"));
	enum compression compression = media_type_compression(type);

	if (compression == COMPRESSION_UNKNOWN)
		return error_set(err, ERROR_USAGE,
				 "its type '%s' stays as it is: only layers that can be unpacked "
				 "are converted",
				 QUOTED(type));
	if (compression == COMPRESSION_ZSTD && family == MEDIA_FAMILY_DOCKER) {
		error_set(err, ERROR_USAGE,
			  "it is compressed with zstd, which Docker's format lacks");
		return error_set_hint(err, "use --compression gzip as well");
	}
	set_text(layer, "mediaType", media_type_in(type, family));
	if (family == MEDIA_FAMILY_DOCKER)
		json_object_del(layer, "annotations");
	return 0;
}

int
manifest_convert(json_t *document, enum media_family family, struct error **err)
{
	static const char *const of_oci[] = { "annotations", "artifactType", "subject" };
	const char *type = json_string_value(json_object_get(document, "mediaType"));
	json_t *config = json_object_get(document, "config");
	json_t *layer;
	size_t i;

	json_array_foreach (json_object_get(document, "layers"), i, layer)
		if (convert_layer(layer, family, err) < 0)
			return error_wrap(err, "layer %zu", i + 1);
	set_text(document, "mediaType", media_type_in(type ? type : MEDIA_OCI_MANIFEST, family));
	set_text(config, "mediaType",
		 media_type_in(json_string_value(json_object_get(config, "mediaType")), family));
	for (i = 0; family == MEDIA_FAMILY_DOCKER && i < COUNT_OF(of_oci); i++)
		json_object_del(document, of_oci[i]);
	return 0;
}

void
manifest_edit(json_t *document, const struct descriptor *config,
	      const struct descriptors *added_layers, const json_t *annotations)
{
	json_t *layers = require_array(document, "layers");

	if (config)
		json_object_set_new(document, "config", descriptor_json(config));
	for (size_t i = 0; i < added_layers->count; i++)
		json_array_append_new(layers, descriptor_json(&added_layers->items[i]));
	if (json_object_size(annotations) > 0)
		json_object_update(require_object(document, "annotations"),
				   (json_t *)(uintptr_t)annotations);
}
