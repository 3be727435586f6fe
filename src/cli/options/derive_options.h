/* SPDX-License-Identifier: Apache-2.0 */
/* derive_options.h - where an image goes that `append`, `mutate`, `rebase` or `flatten` made, and
 * for what platforms */
#ifndef OCIFP_CLI_OPTIONS_DERIVE_OPTIONS_H
#define OCIFP_CLI_OPTIONS_DERIVE_OPTIONS_H

#include <stdbool.h>

#include "base/strings.h"
#include "oci/platform.h"

struct config_change;
struct context;
struct derive_options;
struct error;

struct output_options {
	const char *output;
	const char *name;
	bool push;
	struct platforms platforms;
	const char *new_platform;
	struct strings cleared;
};

/* Rows of a command's table; `member` is the struct output_options in its values. */
/* clang-format off */
#define OUTPUT_OPTIONS(type, member) \
	{ "output", 'o', OPTION_STRING, offsetof(type, member.output), "WHERE", \
	  "write to oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE ('-': stdout)" }, \
	{ "tag", 't', OPTION_STRING, offsetof(type, member.name), "HOST/NAME[:TAG]", \
	  "give the image this name in the store" }, \
	{ "push", 0, OPTION_FLAG, offsetof(type, member.push), NULL, \
	  "push to the registry that --tag names, not to the store" }, \
	{ "platform", 0, OPTION_PLATFORMS, offsetof(type, member.platforms), "OS/ARCH", \
	  "use only this platform of the base; repeatable" }

#define CHANGE_OPTIONS(type, member) \
	{ "set-platform", 0, OPTION_STRING, offsetof(type, member.new_platform), "OS/ARCH", \
	  "record this as the image's platform" }, \
	{ "clear", 0, OPTION_STRINGS, offsetof(type, member.cleared), "WHAT", \
	  "remove the base's env, label, cmd ... before setting any; repeatable" }
/* clang-format on */

/* Makes the image and prints its result; `change` is the one that `derive` uses, or NULL. */
int derive_and_tell(struct context *context, const struct output_options *options,
		    struct config_change *change, struct derive_options *derive,
		    struct error **err);

#endif
