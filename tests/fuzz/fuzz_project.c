/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "project/project.h"

static void
insist_on_place(const struct error *err)
{
	unsigned line = 0;
	unsigned column = 0;

	INSIST(error_is(err, ERROR_USAGE));
	INSIST(sscanf(error_text(err), ".ocifp.yaml:%u:%u: ", &line, &column) == 2);
	INSIST(line > 0 && column > 0);
}

static void
insist_on_order(const struct project *project, const struct project_image *image)
{
	size_t count = 0;
	AUTO_FREE const struct project_image **order = project_order(project, image, &count);

	INSIST(count > 0 && order[count - 1] == image);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_PROJECT struct project *project = NULL;

	/* So that git need not be asked. */
	INSIST(setenv("GITHUB_REPOSITORY", "Owner/name", 1) == 0);
	project = project_parse(".ocifp.yaml", (const char *)data, size, &err);
	if (!project) {
		insist_on_place(err);
		return 0;
	}
	INSIST(!err && project->image_count > 0);
	for (size_t i = 0; i < project->image_count; i++)
		insist_on_order(project, &project->images[i]);
	return 0;
}
