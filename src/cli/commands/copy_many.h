/* SPDX-License-Identifier: Apache-2.0 */
/* copy_many.h - `ocifp copy` with --all-tags or --list: many images, and a table of what became of
 * them
 */
#ifndef OCIFP_CLI_COMMANDS_COPY_MANY_H
#define OCIFP_CLI_COMMANDS_COPY_MANY_H

#include <stdbool.h>

#include "image/transfer/copy_image.h"
#include "oci/tag_list.h"

struct context;
struct error;

struct copy_many_values {
	bool all_tags;
	const char *list; /* a file of lines "SOURCE DESTINATION"; "-": stdin; NULL: the operands */
	struct tag_filter filter; /* of all_tags */
	bool missing_only;
	bool dry_run;
};

bool copy_many_is_said(const struct copy_many_values *values);
int copy_many(struct context *context, const struct copy_many_values *values,
	      const struct strings *operands, const struct copy_options *copy, struct error **err);

#endif
