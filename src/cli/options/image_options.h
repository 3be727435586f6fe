/* SPDX-License-Identifier: Apache-2.0 */
/* image_options.h - properties of a new image: --env, --label, --owner ...
 *
 * Shared by append, mutate and push, which make images of layers.
 */
#ifndef OCIFP_CLI_OPTIONS_IMAGE_OPTIONS_H
#define OCIFP_CLI_OPTIONS_IMAGE_OPTIONS_H

#include <jansson.h>

#include "base/strings.h"
#include "image/make/derive.h"

struct error;

struct image_options {
	const char *author;
	const char *created_by;
	struct strings environment;
	struct strings entrypoint;
	struct strings command;
	const char *user;
	const char *working_dir;
	struct strings labels;
	struct strings ports;
	struct strings volumes;
	const char *stop_signal;
	struct strings annotations;
};

struct compression_options {
	const char *compression;
	unsigned level;
};

struct layer_options {
	const char *owner;
	struct compression_options form;
};

/* Rows of a command's table; `member` is the struct image_options in its values. */
/* clang-format off */
#define IMAGE_OPTIONS(type, member) \
	{ "env", 'e', OPTION_STRINGS, offsetof(type, member.environment), "NAME=VALUE", \
	  "set an environment variable; repeatable" }, \
	{ "entrypoint", 0, OPTION_STRINGS, offsetof(type, member.entrypoint), "WORD", \
	  "set a word of a new entry point, and drop the old command; repeatable" }, \
	{ "cmd", 0, OPTION_STRINGS, offsetof(type, member.command), "WORD", \
	  "set a word of a new command; repeatable" }, \
	{ "user", 'u', OPTION_STRING, offsetof(type, member.user), "USER[:GROUP]", \
	  "set the user and group that a container runs as" }, \
	{ "workdir", 'w', OPTION_STRING, offsetof(type, member.working_dir), "PATH", \
	  "set the working directory of a container" }, \
	{ "label", 'l', OPTION_STRINGS, offsetof(type, member.labels), "NAME=VALUE", \
	  "set a label of the configuration; repeatable" }, \
	{ "expose", 0, OPTION_STRINGS, offsetof(type, member.ports), "PORT[/PROTOCOL]", \
	  "declare a port that a container listens on; repeatable" }, \
	{ "volume", 0, OPTION_STRINGS, offsetof(type, member.volumes), "PATH", \
	  "declare a volume for data that outlives a container; repeatable" }, \
	{ "stop-signal", 0, OPTION_STRING, offsetof(type, member.stop_signal), "SIGNAL", \
	  "set the signal that stops a container" }, \
	{ "author", 0, OPTION_STRING, offsetof(type, member.author), "TEXT", "set the author of the image" }, \
	{ "created-by", 0, OPTION_STRING, offsetof(type, member.created_by), "TEXT", \
	  "set the command that the history names" }, \
	{ "annotation", 'a', OPTION_STRINGS, offsetof(type, member.annotations), "NAME=VALUE", \
	  "set an annotation of the manifest; repeatable" }

#define LAYER_OPTIONS(type, member) \
	{ "owner", 0, OPTION_STRING, offsetof(type, member.owner), "UID:GID", \
	  "set the owner of the files, 0:0 by default; 'keep' keeps it" }, \
	COMPRESSION_OPTIONS(type, member.form, "compression of new layers; gzip by default")

#define COMPRESSION_OPTIONS(type, member, help) \
	{ "compression", 0, OPTION_STRING, offsetof(type, member.compression), "gzip|zstd|none", \
	  help }, \
	{ "level", 0, OPTION_UINT, offsetof(type, member.level), "N", \
	  "compress new layers faster or smaller: 1 to 9 for gzip, 1 to 19 for zstd" }
/* clang-format on */

bool image_options_are_said(const struct image_options *options);

/* Sets the given properties, and the time of SOURCE_DATE_EPOCH; leaves the others.  `derive`
 * then points to *ret_change and *ret_annotations (the caller's).  ERROR_USAGE */
int image_options_read(const struct image_options *options, struct config_change *ret_change,
		       json_t **ret_annotations, struct derive_options *derive, struct error **err);

/* SOURCE_DATE_EPOCH, or 0.  ERROR_USAGE */
int source_date_read(int64_t *ret_epoch_s, struct error **err);

/* Into derive->how.  ERROR_USAGE */
int compression_options_read(const struct compression_options *options,
			     struct derive_options *derive, struct error **err);

/* After image_options_read(): the limit of times is the image's time. */
int layer_options_read(const struct layer_options *options, struct derive_options *derive,
		       struct error **err);

/* "NAME=VALUE" each; NULL, ERROR_USAGE: an item has another form.  The caller's reference. */
json_t *annotations_parse(const struct strings *texts, struct error **err);

#endif
