/* SPDX-License-Identifier: Apache-2.0 */
/* target_options.h - the image of a command: [--by-hash] [IMAGE|REF] and its options
 *
 * IMAGE names an entry of the project file, by hash; --tag asks for another tag.  With --by-hash
 * HOST/NAME --input PATH... no project file is needed.
 */
#ifndef OCIFP_CLI_OPTIONS_TARGET_OPTIONS_H
#define OCIFP_CLI_OPTIONS_TARGET_OPTIONS_H

#include <stdbool.h>

#include "base/strings.h"
#include "oci/platform.h"

struct context;
struct error;
struct fingerprint_inputs;
struct location;
struct project;
struct target;

struct target_options {
	bool by_hash;
	const char *tag;
	struct strings inputs;
	struct strings optional;
	struct strings exclude;
	struct strings args; /* "NAME=VALUE" */
	const char *scheme;
	unsigned length;
	bool tracked;
};

/* Rows of a command's table; `member` is the struct target_options in its values. */
/* clang-format off */
#define TARGET_OPTIONS(type, member) \
	{ "tag", 0, OPTION_STRING, offsetof(type, member.tag), "TAG", \
	  "use this tag instead of the fingerprint's" }, \
	INPUT_OPTIONS(type, member)

#define INPUT_OPTIONS(type, member) \
	{ "by-hash", 0, OPTION_FLAG, offsetof(type, member.by_hash), NULL, \
	  "use the tag that the fingerprint gives" }, \
	{ "input", 0, OPTION_STRINGS, offsetof(type, member.inputs), "PATH", \
	  "add an input of the image, for --by-hash HOST/NAME; repeatable" }, \
	{ "optional", 0, OPTION_STRINGS, offsetof(type, member.optional), "PATH", \
	  "allow this input to be missing; repeatable" }, \
	{ "exclude", 0, OPTION_STRINGS, offsetof(type, member.exclude), "PATH", \
	  "leave out this path and everything below it; repeatable" }, \
	{ "arg", 0, OPTION_STRINGS, offsetof(type, member.args), "NAME=VALUE", \
	  "add a value that the build depends on; repeatable" }, \
	{ "scheme", 0, OPTION_STRING, offsetof(type, member.scheme), "tree|concat", \
	  "how to hash the inputs" }, \
	{ "length", 0, OPTION_UINT, offsetof(type, member.length), "N", \
	  "hexadecimal digits of the tag; 12 by default" }, \
	{ "tracked", 0, OPTION_FLAG, offsetof(type, member.tracked), NULL, \
	  "use only the files that git tracks" }

/* `member` is a struct tag_filter. */
#define TAG_FILTER_OPTIONS(type, member) \
	{ "include", 0, OPTION_STRINGS, offsetof(type, member.include), "PATTERN", \
	  "take only tags that match; repeatable" }, \
	{ "exclude", 0, OPTION_STRINGS, offsetof(type, member.exclude), "PATTERN", \
	  "leave out tags that match; repeatable" }, \
	{ "no-digest-tags", 0, OPTION_FLAG, offsetof(type, member.no_digest_tags), NULL, \
	  "leave out tags of signatures and referrers: sha256-..." }
/* clang-format on */

/* `options` NULL: none are given.  `operand` NULL: the project's only or default image. */
int target_of_options(struct context *context, const struct target_options *options,
		      const char *operand, struct target *ret_target, struct error **err);

/* The project of which `operand`, NULL for the default, is an image.  NULL with *err. */
struct project *project_of_operand(struct context *context, const char *operand,
				   struct error **err);

/* ERROR_USAGE if `operand`, which takes the place of `expected`, names an image. */
int refuse_image_operand(const char *operand, const char *expected, const struct context *context,
			 struct error **err);

/* The repository in the operand or the project file: an image of the latter gets a tag, so that no
 * inputs are hashed. */
int target_of_place(struct context *context, const struct strings *operands,
		    struct target *ret_target, struct error **err);

/* Whether they name inputs or change how these are hashed. */
bool target_options_have_inputs(const struct target_options *options);

/* The inputs in the options; `inputs` is zeroed and borrows the directory. */
int inputs_of_options(const struct context *context, const struct target_options *options,
		      struct fingerprint_inputs *inputs, struct error **err);

/* Parses --output: a layout, an archive, or with `takes_directory` a directory of its files.
 * ERROR_USAGE */
int output_of_option(struct context *context, const char *text, bool takes_directory,
		     struct location *ret_location, struct error **err);

/* NULL for an empty list, that is, when none were given. */
const struct platforms *platforms_said(const struct platforms *platforms);

/* The given platform, else this machine's; ERROR_USAGE: several were given. */
int platforms_choose_one(const struct platforms *said, struct platforms *ret_platforms,
			 struct error **err);

/* "host/name@sha256:..."; the caller owns it. */
struct digest;
char *format_resolved(const char *repository, const struct digest *digest);

#endif
