/* looking.h - what commands that only look at an image have in common */
#ifndef OCIFP_CLI_LOOKING_H
#define OCIFP_CLI_LOOKING_H

#include "cli/target_options.h"
#include "image/find.h"
#include "image/target.h"
#include "image/tree.h"

struct context;
struct error;
struct selection;

struct looking {
	struct target target;
	struct found_image found;
	struct image_node root;
};

/* The target of the operand (or the project's image); ERROR_ABSENT when it is not there. */
int looking_find(struct context *context, const struct target_options *options,
		 const struct strings *operands, struct looking *looking, struct error **err);

/* Then its documents. */
int looking_read(struct context *context, const struct selection *selection,
		 struct looking *looking, struct error **err);

void looking_release(struct looking *looking);
#define AUTO_LOOKING CLEANUP(looking_release)

#endif
