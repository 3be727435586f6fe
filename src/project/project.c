/* SPDX-License-Identifier: Apache-2.0 */
#include "project/project.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "oci/reference.h"
#include "project/ci.h"
#include "project/config_file.h"
#include "project/reading.h"
#include "project/settings.h"

#define PROJECT_NO_IMAGE SIZE_MAX

/* PROJECT_NO_IMAGE: no image has this name. */
static size_t
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

/* False for a cycle.  Recurses along the longest chain of needs, which the file's size bounds. */
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

/* An image that needs itself, possibly through others; PROJECT_NO_IMAGE: none. */
static size_t
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

/* Checks across images: at most one default, needs that exist, no cycle. */
static int
check_images(const struct reading *reading, struct error **err)
{
	size_t index;
	const struct config_node *needs;
	const struct project_image *first = NULL;

	for (size_t i = 0; i < reading->project->image_count; i++)
		if (check_needs_exist(reading, i, err) < 0)
			return -1;
	index = project_find_cycle(reading->project);
	if (index != PROJECT_NO_IMAGE) {
		needs = config_find(&reading->images->items[index], "needs");
		return config_fail(reading->config, &needs->mark, err,
				   "image '%s' needs itself, or an image that does",
				   reading->project->images[index].name);
	}
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

bool
project_name_is_valid(const char *name)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name && *name != '_' && *name != '-' && !name[strspn(name, characters)];
}

/* A path is a prefix of the repository's name. */
bool
project_mirror_is_valid(const char *url)
{
	const char *rest = strstr(url, "://");
	AUTO_FREE char *prefix = NULL;
	size_t host_size, size;

	if (!rest || !(text_starts(url, "https://") || text_starts(url, "http://")))
		return false;
	rest += strlen("://");
	host_size = strcspn(rest, "/");
	if (host_size == 0 || !text_is_printable_ascii(url) || strpbrk(url, " @?#\""))
		return false;
	rest += host_size;
	rest += strspn(rest, "/");
	for (size = strlen(rest); size > 0 && rest[size - 1] == '/';)
		size--;
	prefix = xstrndup(rest, size);
	return size == 0 || reference_name_is_valid(prefix);
}

/* Plain http only on this machine, for tests; the traffic does not leave it. */
static bool
is_on_loopback(const char *url)
{
	static const char *const starts[] = { "http://localhost", "http://127.0.0.1",
					      "http://[::1]" };

	for (size_t i = 0; i < COUNT_OF(starts); i++)
		if (text_starts(url, starts[i]) && strchr(":/", url[strlen(starts[i])]))
			return true;
	return false;
}

static int
refuse_setting(const struct reading *reading, const struct config_mark *mark, const char *name,
	       struct error **err)
{
	config_fail(reading->config, mark, err, "%s cannot be set in the project file", name);
	return error_set_hint(err, "it belongs in ~/.config/ocifp/config.yaml or "
				   "/etc/ocifp/config.yaml; see ocifp-config(5)");
}

static int
check_mirrors(const struct reading *reading, const struct config_node *node, struct error **err)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct config_node *item = &node->items[i];

		if (item->kind == CONFIG_MAP)
			return refuse_setting(reading, &item->mark, "a mirror with 'resolve'", err);
		if (item->kind != CONFIG_TEXT)
			continue;
		if (!project_mirror_is_valid(item->text))
			return config_fail(reading->config, &item->mark, err,
					   "'%s' is not a valid mirror URL", QUOTED(item->text));
		if (!text_starts(item->text, "https://") && !is_on_loopback(item->text))
			return refuse_setting(reading, &item->mark, "a mirror without https", err);
	}
	return 0;
}

static int
read_mirrors(const struct reading *reading, const struct config_node *node, struct error **err)
{
	struct project *project = reading->project;

	if (config_expect(reading->config, node, CONFIG_MAP, err) < 0)
		return -1;
	project->mirrors = xcalloc(node->count + 1, sizeof(*project->mirrors));
	for (size_t i = 0; i < node->count; i++) {
		struct project_mirror *mirror = &project->mirrors[project->mirror_count++];

		if (!reference_host_is_valid(node->items[i].key))
			return config_fail(reading->config, &node->items[i].key_mark, err,
					   "'%s' is not a valid host", QUOTED(node->items[i].key));
		mirror->host = text_lower(node->items[i].key);
		mirror->where =
			xasprintf("%s:%zu", reading->config->name, node->items[i].key_mark.line);
		if (node->items[i].kind == CONFIG_LIST &&
		    check_mirrors(reading, &node->items[i], err) < 0)
			return -1;
		if (config_read_texts(reading->config, &node->items[i], &mirror->urls, err) < 0)
			return -1;
	}
	return 0;
}

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
		free(project->mirrors[i].where);
		strings_release(&project->mirrors[i].urls);
	}
	project_run_release(&project->run);
	free(project->images);
	free(project->mirrors);
	free(project->path);
	free(project->directory);
	free(project);
}

/* The top level, before it is interpreted. */
struct top {
	unsigned version;
	const struct config_node *images;
	const struct config_node *mirrors;
	const struct config_node *caches;
	const struct config_node *run;
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

enum { VERSION_NUMBERS_COUNT = 3 };

/* "0.3" is 0.3.0. */
static bool
parse_version(const char *text, unsigned numbers[VERSION_NUMBERS_COUNT])
{
	for (size_t i = 0; i < VERSION_NUMBERS_COUNT; i++) {
		size_t size = strspn(text, "0123456789");
		AUTO_FREE char *digits = xstrndup(text, size);
		uint64_t value = 0;

		numbers[i] = 0;
		if (i > 0 && !*text)
			continue;
		if (!text_parse_uint(digits, UINT16_MAX, &value))
			return false;
		numbers[i] = (unsigned)value;
		text += size;
		if (*text == '.' && text[1])
			text++;
	}
	return !*text;
}

static bool
is_older(const unsigned numbers[VERSION_NUMBERS_COUNT], const unsigned than[VERSION_NUMBERS_COUNT])
{
	for (size_t i = 0; i < VERSION_NUMBERS_COUNT; i++)
		if (numbers[i] != than[i])
			return numbers[i] < than[i];
	return false;
}

/* ">= 0.3".  Checked first, because it may explain unknown keys. */
static int
check_program(const struct config *config, struct error **err)
{
	static const char sign[] = ">=";
	const struct config_node *node =
		config->root.kind == CONFIG_MAP ? config_find(&config->root, "ocifp") : NULL;
	const char *text = node ? config_text(config, node, err) : NULL;
	unsigned wanted[VERSION_NUMBERS_COUNT];
	unsigned own[VERSION_NUMBERS_COUNT];

	if (!node)
		return 0;
	if (!text)
		return -1;
	if (text_starts(text, sign))
		text += strlen(sign) + strspn(text + strlen(sign), " ");
	else
		text = "";
	if (!parse_version(text, wanted))
		return config_fail(config, &node->mark, err,
				   "invalid 'ocifp': expected a version such as \">= 0.3\"");
	if (!parse_version(PACKAGE_VERSION, own) || !is_older(own, wanted))
		return 0;
	config_fail(config, &node->mark, err, "needs ocifp %s, this is %s", text, PACKAGE_VERSION);
	return error_set_hint(err, "install a newer ocifp");
}

static int
refuse_settings(const struct reading *reading, struct error **err)
{
	const struct config_node *root = &reading->config->root;

	for (size_t i = 0; root->kind == CONFIG_MAP && i < root->count; i++) {
		AUTO_FREE char *name = xasprintf("'%s'", QUOTED(root->items[i].key));

		if (settings_has_name(root->items[i].key) &&
		    strcmp(root->items[i].key, "mirrors") != 0)
			return refuse_setting(reading, &root->items[i].key_mark, name, err);
	}
	return 0;
}

static int
accept_checked(const struct config *config, const struct config_node *node, void *ret_value,
	       struct error **err)
{
	(void)ret_value;
	return config_text(config, node, err) ? 0 : -1;
}

static const struct config_field top_fields[] = {
	{ "caches", note_map, offsetof(struct top, caches), CONFIG_OPTIONAL, NULL },
	{ "images", note_map, offsetof(struct top, images), CONFIG_OPTIONAL, NULL },
	{ "mirrors", note_map, offsetof(struct top, mirrors), CONFIG_OPTIONAL, SCHEMA_TEXT_LISTS },
	{ "ocifp", accept_checked, 0, CONFIG_OPTIONAL, SCHEMA_TEXT },
	{ "run", note_map, offsetof(struct top, run), CONFIG_OPTIONAL, NULL },
	{ "version", read_version, offsetof(struct top, version), CONFIG_MANDATORY,
	  SCHEMA_ONE_OF("1") },
};

const struct config_table project_table = CONFIG_TABLE(top_fields);

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
	return check_images(reading, err);
}

static int
read_top(const struct config *config, bool uses_variables, struct project *project,
	 struct error **err)
{
	AUTO_VARIABLES struct variables variables = { 0 };
	struct reading reading = { .config = config, .project = project, .variables = &variables };
	struct top top = { 0 };

	if (check_program(config, err) < 0 || refuse_settings(&reading, err) < 0 ||
	    config_read_fields(config, &config->root, "the project file", &project_table, &top,
			       err) < 0)
		return -1;
	if (!top.images && !top.caches)
		return config_fail(config, &config->root.mark, err,
				   "the project file has no 'images'");
	reading.images = top.images;
	if (uses_variables)
		variables_find(project->directory, &variables);
	if (read_images(&reading, err) < 0)
		return -1;
	if (top.mirrors && read_mirrors(&reading, top.mirrors, err) < 0)
		return -1;
	if (top.run && project_run_read(&reading, top.run, err) < 0)
		return -1;
	return top.caches ? project_caches_read(&reading, top.caches, err) : 0;
}

/* Any error while a project file is read is a configuration error. */
static int
read_bytes(const char *path, struct buf *bytes, struct error **err)
{
	AUTO_ERROR struct error *cause = NULL;

	if (file_read(AT_FDCWD, path, bytes, &cause) == 0)
		return 0;
	return error_set(err, ERROR_USAGE, "%s", error_text(cause));
}

struct project *
project_parse(const char *path, const char *bytes, size_t size, struct error **err)
{
	AUTO_PROJECT struct project *project = XNEW(struct project);
	AUTO_CONFIG_TREE struct config config = { 0 };
	bool uses_variables = memmem(bytes, size, "${", 2) != NULL;
	AUTO_FREE char *directory = path_folder(path);

	project->path = xstrdup(path);
	/* Absolute, so that the project may be used after chdir(). */
	project->directory = realpath(directory, NULL);
	if (!project->directory) {
		error_set_errno(err, errno, "cannot resolve the project directory");
		return NULL;
	}
	if (config_parse(path, bytes, size, &config, err) < 0 ||
	    read_top(&config, uses_variables, project, err) < 0) {
		if (error_is(*err, ERROR_USAGE))
			error_set_hint(err, "ocifp.yaml(5) describes the file");
		return NULL;
	}
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

static const char file_name[] = ".ocifp.yaml";

static bool
holds(const char *directory, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory, name);
	struct stat status;

	return lstat(path, &status) == 0;
}

static struct project *
read_in(const char *directory, const char *start, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory[1] ? directory : "", file_name);

	if (strcmp(directory, start) != 0 && git_check_owner(path, start, err) < 0)
		return NULL;
	return project_read(path, err);
}

struct project *
project_find(const char *directory, struct error **err)
{
	AUTO_FREE char *start = realpath(directory, NULL);
	AUTO_FREE char *mark = NULL;
	AUTO_FREE char *here = NULL;
	size_t stop;

	if (!start) {
		error_set_path(err, errno, "look for a project file in", directory);
		return NULL;
	}
	if (holds(start, file_name))
		return read_in(start, start, err);
	/* Searches up to the root of the checkout.  Outside a checkout only the start directory is
	 * searched: files of other users may be above. */
	mark = git_find(start);
	here = xstrdup(start);
	stop = mark ? strlen(mark) - strlen("/.git") : strlen(start);
	if (stop < strlen(start) && git_check_owner(mark, start, err) < 0)
		return NULL;
	while (strlen(here) > stop && path_go_up(here))
		if (holds(here, file_name))
			return read_in(here, start, err);
	return NULL;
}

bool
project_has_image(const struct project *project, const char *name)
{
	return project_find_image(project, name) != PROJECT_NO_IMAGE;
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
	AUTO_FREE char *names = NULL;
	AUTO_STRINGS struct strings known = { 0 };
	const struct project_image *image;
	const char *near;
	size_t index;

	index = name ? project_find_image(project, name) : PROJECT_NO_IMAGE;
	image = name ? NULL : find_default(project);
	if (image || index != PROJECT_NO_IMAGE)
		return image ? image : &project->images[index];
	for (size_t i = 0; i < project->image_count; i++)
		strings_add(&known, project->images[i].name);
	names = strings_join(&known, ", ");
	if (!name) {
		error_set(err, ERROR_USAGE,
			  project->image_count > 0 ? "'%s' has several images and no default"
						   : "'%s' has no images",
			  QUOTED(project->path));
		if (project->image_count > 0)
			error_set_hint(err, "choose one of: %s", names);
		return NULL;
	}
	error_set(err, ERROR_USAGE, "'%s' does not define image '%s'", QUOTED(project->path),
		  QUOTED(name));
	near = suggest(&known, name);
	error_set_hint(err, "%s%s%sits images: %s", near ? "did you mean '" : "", near ? near : "",
		       near ? "'? " : "", names);
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
