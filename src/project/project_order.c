#include "project/project_order.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

size_t
project_find_image(const struct project *project, const char *name)
{
	for (size_t i = 0; i < project->image_count; i++)
		if (strcmp(project->images[i].name, name) == 0)
			return i;
	return PROJECT_NO_IMAGE;
}

enum visit { VISIT_NONE, VISIT_OPEN, VISIT_DONE };

struct sort {
	const struct project *project;
	enum visit *visits; /* of each image */
	size_t *indices;
	size_t count;
};

/* False for a cycle.  As deep as the longest chain of needs, which the file's size bounds. */
static bool
visit(struct sort *sort, size_t index)
{
	const struct strings *needs = &sort->project->images[index].needs;

	if (sort->visits[index] != VISIT_NONE)
		return sort->visits[index] == VISIT_DONE;
	sort->visits[index] = VISIT_OPEN;
	for (size_t i = 0; i < needs->count; i++)
		if (!visit(sort, project_find_image(sort->project, needs->items[i])))
			return false;
	sort->visits[index] = VISIT_DONE;
	sort->indices[sort->count++] = index;
	return true;
}

size_t
project_find_cycle(const struct project *project)
{
	AUTO_FREE enum visit *visits = xcalloc(project->image_count + 1, sizeof(*visits));
	AUTO_FREE size_t *indices = xcalloc(project->image_count + 1, sizeof(*indices));
	struct sort sort = { .project = project, .visits = visits, .indices = indices };

	for (size_t i = 0; i < project->image_count; i++)
		if (!visit(&sort, i))
			return i;
	return PROJECT_NO_IMAGE;
}

const struct project_image **
project_order(const struct project *project, const struct project_image *image, size_t *ret_count)
{
	AUTO_FREE enum visit *visits = xcalloc(project->image_count, sizeof(*visits));
	AUTO_FREE size_t *indices = xcalloc(project->image_count, sizeof(*indices));
	struct sort sort = { .project = project, .visits = visits, .indices = indices };
	const struct project_image **order;

	visit(&sort, (size_t)(image - project->images));
	/* NOLINTNEXTLINE(bugprone-sizeof-expression) */
	order = xcalloc(sort.count + 1, sizeof(*order));
	for (size_t i = 0; i < sort.count; i++)
		order[i] = &project->images[indices[i]];
	*ret_count = sort.count;
	return order;
}
