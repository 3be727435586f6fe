/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspected.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/context.h"

typedef int find_function(struct session *session, const struct target *target,
			  struct found_image *ret_found, struct error **err);

static int
find(struct context *context, const struct target_options *options, const struct strings *operands,
     find_function *find_it, struct inspected *inspected, struct error **err)
{
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	struct session *session;

	/* The target decides where --username is used, so the session starts after it. */
	if (target_of_options(context, options, operand, &inspected->target, err) < 0)
		return -1;
	session = context_session(context);
	if (find_it(session, &inspected->target, &inspected->found, err) < 0)
		return -1;
	inspected->content.repository = inspected->found.repository;
	inspected->content.cache = session_find_store(session);
	return 0;
}

int
inspected_find(struct context *context, const struct target_options *options,
	       const struct strings *operands, struct inspected *inspected, struct error **err)
{
	return find(context, options, operands, find_required_image, inspected, err);
}

int
inspected_find_or_built(struct context *context, const struct target_options *options,
			const struct strings *operands, struct inspected *inspected,
			struct error **err)
{
	return find(context, options, operands, find_image_or_built, inspected, err);
}

int
inspected_read(const struct selection *selection, struct inspected *inspected, struct error **err)
{
	AUTO_FREE char *name = target_name(&inspected->target, inspected->found.place);

	if (image_tree_get(&inspected->content, selection, &inspected->found.root, &inspected->root,
			   err) < 0)
		return error_wrap(err, "'%s'", name);
	return 0;
}

void
inspected_release(struct inspected *inspected)
{
	target_release(&inspected->target);
	found_image_release(&inspected->found);
	image_node_release(&inspected->root);
}
