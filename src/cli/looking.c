#include "cli/looking.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "image/content.h"

int
looking_find(struct context *context, const struct target_options *options,
	     const struct strings *operands, struct looking *looking, struct error **err)
{
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;

	if (target_of_options(context, options, operand, &looking->target, err) < 0)
		return -1;
	return find_required_image(context_session(context), &looking->target, &looking->found,
				   err);
}

int
looking_read(struct context *context, const struct selection *selection, struct looking *looking,
	     struct error **err)
{
	struct content content = {
		.repository = looking->found.repository,
		.cache = session_find_store(context_session(context)),
	};
	AUTO_FREE char *name = target_name(&looking->target, looking->found.place);

	if (image_tree_get(&content, selection, &looking->found.root, &looking->root, err) < 0)
		return error_wrap(err, "'%s'", name);
	return 0;
}

void
looking_release(struct looking *looking)
{
	target_release(&looking->target);
	found_image_release(&looking->found);
	image_node_release(&looking->root);
}
