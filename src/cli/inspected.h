/* SPDX-License-Identifier: Apache-2.0 */
/* inspected.h - common to commands that only inspect an image */
#ifndef OCIFP_CLI_INSPECTED_H
#define OCIFP_CLI_INSPECTED_H

#include "cli/options/target_options.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"

struct context;
struct error;
struct selection;

struct inspected {
	struct target target;
	struct found_image found;
	struct image_node root;
	struct content content; /* of the found image, with the store as cache */
};

/* The target of the operand (or the project's image); ERROR_ABSENT if it does not exist. */
int inspected_find(struct context *context, const struct target_options *options,
		   const struct strings *operands, struct inspected *inspected, struct error **err);

/* The same, but also accepts a local build, with a notice. */
int inspected_find_or_built(struct context *context, const struct target_options *options,
			    const struct strings *operands, struct inspected *inspected,
			    struct error **err);

/* Reads its documents. */
int inspected_read(const struct selection *selection, struct inspected *inspected,
		   struct error **err);

void inspected_release(struct inspected *inspected);
#define AUTO_INSPECTED CLEANUP(inspected_release)

#endif
