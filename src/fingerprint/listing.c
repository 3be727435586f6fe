#include "fingerprint/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

void
listed_release(struct listed *listed)
{
	free(listed->path);
	*listed = (struct listed){ 0 };
}

bool
listed_file_is_submodule(const struct listed_file *file)
{
	return file->mode != INPUT_PLAIN && file->mode != INPUT_EXECUTABLE &&
	       file->mode != INPUT_LINK;
}

/* The first whose path is not before this one. */
static size_t
lower_bound(const struct listing *listing, const char *path)
{
	size_t first = 0;
	size_t end = listing->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (strcmp(listing->files[middle].path, path) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

static struct listed_file *
find_file(const struct listing *listing, const char *path)
{
	size_t index = lower_bound(listing, path);

	if (index < listing->count && strcmp(listing->files[index].path, path) == 0)
		return &listing->files[index];
	return NULL;
}

size_t
listing_first_below(const struct listing *listing, const char *directory)
{
	AUTO_FREE char *start = xasprintf("%s/", directory);

	return *directory ? lower_bound(listing, start) : 0;
}

bool
listing_is_below(const struct listing *listing, size_t index, const char *directory)
{
	size_t size = strlen(directory);
	const char *path = index < listing->count ? listing->files[index].path : NULL;

	return path && (size == 0 || (strncmp(path, directory, size) == 0 && path[size] == '/'));
}

static bool
is_directory(const struct listing *listing, const char *path)
{
	return listing_is_below(listing, listing_first_below(listing, path), path);
}

static int
append(void *context, size_t index, const void *bytes, size_t size, struct error **err)
{
	(void)index;
	return buf_append(context, bytes, size, err);
}

static int
read_link(const struct listing *listing, const struct listed_file *file, char **ret_target,
	  struct error **err)
{
	AUTO_BUF struct buf target = BUF_INIT(PATH_LIMIT_BYTES);

	if (listing->read(listing, &file, 1, append, &target, err) < 0)
		return -1;
	*ret_target = xstrndup(target.data ? target.data : "", target.size);
	return 0;
}

/* A path that is being walked from its start: what has been walked, without links, and what is
 * left. */
struct way {
	const struct listing *listing;
	const char *named;
	char *done;
	char *left;
	unsigned links;
};

static void
way_release(struct way *way)
{
	free(way->done);
	free(way->left);
}

static int
refuse_outside(const struct way *way, struct error **err)
{
	return error_set(err, ERROR_USAGE, "input '%s' is a link that leaves the project directory",
			 QUOTED(way->named));
}

static char *
take_component(struct way *way)
{
	size_t size = strcspn(way->left, "/");
	char *component = xstrndup(way->left, size);
	char *rest = xstrdup(way->left + size + strspn(way->left + size, "/"));

	free(way->left);
	way->left = rest;
	return component;
}

static int
go_up(struct way *way, struct error **err)
{
	char *slash = strrchr(way->done, '/');

	if (!*way->done)
		return refuse_outside(way, err);
	*(slash ? slash : way->done) = '\0';
	return 0;
}

static int
follow_link(struct way *way, const struct listed_file *link, struct error **err)
{
	AUTO_FREE char *target = NULL;
	char *left;

	if (++way->links > LINKS_LIMIT_COUNT)
		return refuse_outside(way, err);
	if (read_link(way->listing, link, &target, err) < 0)
		return -1;
	if (target[0] == '/')
		return refuse_outside(way, err);
	left = xasprintf("%s%s%s", target, *way->left ? "/" : "", way->left);
	free(way->left);
	way->left = left;
	return 0;
}

static void
go_into(struct way *way, const char *component)
{
	char *done = xasprintf("%s%s%s", way->done, *way->done ? "/" : "", component);

	free(way->done);
	way->done = done;
}

/* *ret_listed is settled when the way ends here. */
static int
step(struct way *way, bool follow, struct listed *listed, bool *ret_ended, struct error **err)
{
	AUTO_FREE char *component = take_component(way);
	AUTO_FREE char *before = xstrdup(way->done);
	struct listed_file *file;

	*ret_ended = false;
	if (!*component || strcmp(component, ".") == 0)
		return 0;
	if (strcmp(component, "..") == 0)
		return go_up(way, err);
	go_into(way, component);
	file = find_file(way->listing, way->done);
	if (file && file->mode == INPUT_LINK && (follow || *way->left)) {
		free(way->done);
		way->done = TAKE_PTR(before);
		return follow_link(way, file, err);
	}
	if (!file && is_directory(way->listing, way->done))
		return 0;
	*ret_ended = true;
	if (!file || (*way->left && !listed_file_is_submodule(file)))
		return 0;
	listed->kind = LISTED_FILE;
	listed->file = file;
	return 0;
}

int
listing_find(const struct listing *listing, const char *path, bool follow,
	     struct listed *ret_listed, struct error **err)
{
	CLEANUP(way_release)
	struct way way = {
		.listing = listing, .named = path, .done = xstrdup(""), .left = xstrdup(path)
	};
	const struct listed_file *literal = find_file(listing, path);
	bool ended = false;

	*ret_listed = (struct listed){ .kind = LISTED_MISSING };
	while (!ended && *way.left)
		if (step(&way, follow, ret_listed, &ended, err) < 0)
			return -1;
	if (!ended)
		ret_listed->kind = LISTED_DIRECTORY;
	ret_listed->path = TAKE_PTR(way.done);
	ret_listed->is_broken_link = ret_listed->kind == LISTED_MISSING && literal != NULL;
	return 0;
}
