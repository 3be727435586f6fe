/* What no image of a project tells alone. */
#include "base/error.h"
#include "base/text.h"
#include "project/project_order.h"
#include "project/reading.h"

static int
check_needs_exist(const struct reading *reading, size_t index, struct error **err)
{
	const struct project_image *image = &reading->project->images[index];
	const struct config_node *needs = config_find(&reading->images->items[index], "needs");

	for (size_t i = 0; i < image->needs.count; i++) {
		if (project_find_image(reading->project, image->needs.items[i]) == PROJECT_NO_IMAGE)
			return config_fail(reading->config, &needs->items[i].mark, err,
					   "image '%s' needs '%s', which the file does not define",
					   image->name, QUOTED(image->needs.items[i]));
	}
	return 0;
}

static int
check_no_cycle(const struct reading *reading, struct error **err)
{
	size_t index = project_find_cycle(reading->project);
	const struct config_node *needs;

	if (index == PROJECT_NO_IMAGE)
		return 0;
	needs = config_find(&reading->images->items[index], "needs");
	return config_fail(reading->config, &needs->mark, err,
			   "image '%s' needs itself, or an image that does",
			   reading->project->images[index].name);
}

static int
check_one_default(const struct reading *reading, struct error **err)
{
	const struct project_image *first = NULL;

	for (size_t i = 0; i < reading->project->image_count; i++) {
		const struct project_image *image = &reading->project->images[i];
		const struct config_node *node = config_find(&reading->images->items[i], "default");

		if (first && image->is_default)
			return config_fail(reading->config, &node->mark, err,
					   "images '%s' and '%s' are both the default", first->name,
					   image->name);
		if (image->is_default)
			first = image;
	}
	return 0;
}

int
project_images_check(const struct reading *reading, struct error **err)
{
	for (size_t i = 0; i < reading->project->image_count; i++)
		if (check_needs_exist(reading, i, err) < 0)
			return -1;
	if (check_no_cycle(reading, err) < 0)
		return -1;
	return check_one_default(reading, err);
}
