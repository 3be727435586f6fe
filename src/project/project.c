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
#include "fingerprint/git.h"
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

static struct project *
read_in(const char *directory, const char *start, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory[1] ? directory : "", file_name);

	if (strcmp(directory, start) != 0 && git_check_owner(path, start, err) < 0)
		return NULL;
	return project_read(path, err);
}

/* Up to the root of the checkout.  Without one the start stands for itself: what others put further
 * up is not ours. */
static struct project *
find_above(const char *start, struct error **err)
{
	AUTO_FREE char *mark = git_find(start);
	AUTO_FREE char *here = xstrdup(start);
	size_t stop = mark ? strlen(mark) - strlen("/.git") : strlen(start);

	if (stop < strlen(start) && git_check_owner(mark, start, err) < 0)
		return NULL;
	while (strlen(here) > stop && go_up(here))
		if (holds(here, file_name))
			return read_in(here, start, err);
	return NULL;
}

struct project *
project_find(const char *directory, struct error **err)
{
	AUTO_FREE char *start = realpath(directory, NULL);

	if (!start) {
		error_set_path(err, errno, "look for a project file in", directory);
		return NULL;
	}
	return holds(start, file_name) ? read_in(start, start, err) : find_above(start, err);
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
	const struct project_image *image = NULL;
	size_t index;

	if (!name) {
		image = find_default(project);
		if (image)
			return image;
		error_set(err, ERROR_USAGE, "'%s' has several images and no default",
			  QUOTED(project->path));
		error_set_hint(err, "choose one of: %s", names);
		return NULL;
	}
	index = project_find_image(project, name);
	if (index != PROJECT_NO_IMAGE)
		return &project->images[index];
	error_set(err, ERROR_USAGE, "'%s' does not define image '%s'", QUOTED(project->path),
		  QUOTED(name));
	error_set_hint(err, "its images: %s", names);
	return NULL;
}

int
project_image_check_repository(const struct project *project, const struct project_image *image,
			       struct error **err)
{
	AUTO_FREE char *ignored = NULL;

	if (image->repository)
		return 0;
	if (image->unknown_variable && strcmp(image->unknown_variable, "CI_REGISTRY_IMAGE") == 0)
		return error_set(err, ERROR_USAGE,
				 "the repository of image '%s' is unknown: CI_REGISTRY_IMAGE "
				 "is used in GitLab jobs only",
				 image->name);
	ignored = ci_repository(project->directory, err);
	if (!ignored)
		return error_wrap(err, "the repository of image '%s' is unknown", image->name);
	error_set(err, ERROR_USAGE, "image '%s' has no repository", image->name);
	return error_set_hint(err, "set 'repository' in the project file");
}
