#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "project/config_fields.h"
#include "project/reading.h"

static const unsigned known_version = 1;

void
project_free(struct project *project)
{
	if (!project)
		return;
	for (size_t i = 0; i < project->image_count; i++)
		project_image_release(&project->images[i]);
	for (size_t i = 0; i < project->cache_count; i++)
		project_cache_release(&project->caches[i]);
	free(project->caches);
	for (size_t i = 0; i < project->mirror_count; i++) {
		free(project->mirrors[i].host);
		strings_release(&project->mirrors[i].urls);
	}
	free(project->images);
	free(project->mirrors);
	free(project->path);
	free(project->directory);
	free(project);
}

/* What stands at the top, before it is understood. */
struct top {
	unsigned version;
	const struct config_node *images;
	const struct config_node *mirrors;
	const struct config_node *caches;
};

static int
read_version(const struct config *config, const struct config_node *node, void *ret_value,
	     struct error **err)
{
	unsigned version;

	if (config_read_uint(config, node, &version, err) < 0)
		return -1;
	if (version != known_version)
		return config_fail(config, &node->mark, err, "unknown version %u: expected %u",
				   version, known_version);
	*(unsigned *)ret_value = version;
	return 0;
}

static int
note_map(const struct config *config, const struct config_node *node, void *ret_value,
	 struct error **err)
{
	if (config_expect(config, node, CONFIG_MAP, err) < 0)
		return -1;
	*(const struct config_node **)ret_value = node;
	return 0;
}

static const struct config_field top_fields[] = {
	{ "caches", note_map, offsetof(struct top, caches), false },
	{ "images", note_map, offsetof(struct top, images), false },
	{ "mirrors", note_map, offsetof(struct top, mirrors), false },
	{ "version", read_version, offsetof(struct top, version), true },
};

static const struct config_table top_table = CONFIG_TABLE(top_fields);

static int
read_images(const struct reading *reading, struct error **err)
{
	struct project *project = reading->project;
	const struct config_node *images = reading->images;

	if (!images)
		return 0;
	if (images->count == 0)
		return config_fail(reading->config, &images->mark, err, "it has no images");
	project->images = xcalloc(images->count, sizeof(*project->images));
	for (size_t i = 0; i < images->count; i++)
		if (project_image_read(reading, &images->items[i],
				       &project->images[project->image_count++], err) < 0)
			return -1;
	return project_images_check(reading, err);
}

static int
read_top(const struct config *config, bool uses_variables, struct project *project,
	 struct error **err)
{
	AUTO_VARIABLES struct variables variables = { 0 };
	struct reading reading = { .config = config, .project = project, .variables = &variables };
	struct top top = { 0 };

	if (config_read_fields(config, &config->root, "the project file", &top_table, &top, err) <
	    0)
		return -1;
	if (!top.images && !top.caches)
		return config_fail(config, &config->root.mark, err,
				   "the project file has no 'images'");
	reading.images = top.images;
	if (uses_variables)
		variables_find(project->directory, &variables);
	if (read_images(&reading, err) < 0)
		return -1;
	if (top.mirrors && project_mirrors_read(&reading, top.mirrors, err) < 0)
		return -1;
	return top.caches ? project_caches_read(&reading, top.caches, err) : 0;
}

/* Whatever keeps a project file from being read is a matter of configuration. */
static int
read_bytes(const char *path, struct buf *bytes, struct error **err)
{
	AUTO_ERROR struct error *cause = NULL;

	if (file_read(AT_FDCWD, path, bytes, &cause) == 0)
		return 0;
	return error_set(err, ERROR_USAGE, "%s", error_text(cause));
}

/* An absolute directory, so that the project may be used after chdir(). */
static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *directory =
		slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");

	return realpath(directory, NULL);
}

struct project *
project_parse(const char *path, const char *bytes, size_t size, struct error **err)
{
	AUTO_PROJECT struct project *project = XNEW(struct project);
	AUTO_CONFIG_TREE struct config config = { 0 };
	bool uses_variables = memmem(bytes, size, "${", 2) != NULL;

	project->path = xstrdup(path);
	project->directory = directory_of(path);
	if (!project->directory) {
		error_set_errno(err, errno, "cannot resolve the project directory");
		return NULL;
	}
	if (config_parse(path, bytes, size, &config, err) < 0 ||
	    read_top(&config, uses_variables, project, err) < 0)
		return NULL;
	return TAKE_PTR(project);
}

struct project *
project_read(const char *path, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(PROJECT_FILE_LIMIT_BYTES);

	if (read_bytes(path, &bytes, err) < 0)
		return NULL;
	return project_parse(path, bytes.data ? bytes.data : "", bytes.size, err);
}
