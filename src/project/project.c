#include "project/project.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "project/ci.h"
#include "project/project_order.h"

static const char file_name[] = ".ocifp.yaml";

static bool
holds(const char *directory, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory, name);
	struct stat status;

	return lstat(path, &status) == 0;
}

/* Cuts the last component off; false at the root. */
static bool
go_up(char *directory)
{
	char *slash = strrchr(directory, '/');

	if (!slash[1])
		return false;
	slash[slash == directory] = '\0';
	return true;
}

/* How many characters of a directory's path are the root of its git checkout.  Without one it
 * stands for itself: what others put further up is not ours. */
static size_t
root_length(const char *directory)
{
	AUTO_FREE char *above = xstrdup(directory);

	do {
		if (holds(above, ".git"))
			return strlen(above);
	} while (go_up(above));
	return strlen(directory);
}

struct project *
project_find(const char *directory, struct error **err)
{
	AUTO_FREE char *here = realpath(directory, NULL);
	size_t stop;

	if (!here) {
		AUTO_FREE char *quoted = text_quote_string(directory);

		error_set_errno(err, errno, "cannot look for a project file in '%s'", quoted);
		return NULL;
	}
	stop = root_length(here);
	do {
		if (holds(here, file_name)) {
			AUTO_FREE char *path = xasprintf("%s/%s", here[1] ? here : "", file_name);

			return project_read(path, err);
		}
	} while (strlen(here) > stop && go_up(here));
	return NULL;
}

static char *
join_names(const struct project *project)
{
	char *names = xstrdup("");

	for (size_t i = 0; i < project->image_count; i++) {
		AUTO_FREE char *before = names;

		names = xasprintf("%s%s%s", before, i > 0 ? ", " : "", project->images[i].name);
	}
	return names;
}

static const struct project_image *
find_default(const struct project *project)
{
	if (project->image_count == 1)
		return &project->images[0];
	for (size_t i = 0; i < project->image_count; i++)
		if (project->images[i].is_default)
			return &project->images[i];
	return NULL;
}

const struct project_image *
project_image(const struct project *project, const char *name, struct error **err)
{
	AUTO_FREE char *names = join_names(project);
	AUTO_FREE char *path = text_quote_string(project->path);
	AUTO_FREE char *quoted = NULL;
	const struct project_image *image = NULL;
	size_t index;

	if (!name) {
		image = find_default(project);
		if (image)
			return image;
		error_set(err, ERROR_USAGE, "which image? '%s' has several, and no default", path);
		error_set_hint(err, "name one of: %s", names);
		return NULL;
	}
	index = project_find_image(project, name);
	if (index != PROJECT_NO_IMAGE)
		return &project->images[index];
	quoted = text_quote_string(name);
	error_set(err, ERROR_USAGE, "'%s' has no image '%s'", path, quoted);
	error_set_hint(err, "there are: %s", names);
	return NULL;
}

int
project_image_check_repository(const struct project *project, const struct project_image *image,
			       struct error **err)
{
	AUTO_FREE char *ignored = NULL;

	if (image->repository)
		return 0;
	ignored = ci_repository(project->directory, err);
	if (!ignored)
		return error_wrap(err, "the repository of image '%s' is not known", image->name);
	error_set(err, ERROR_USAGE, "image '%s' has no repository", image->name);
	return error_set_hint(err, "name it under 'repository' in the project file");
}
