#include "fingerprint/collect_listed.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/input_files.h"
#include "fingerprint/listing.h"
#include "fingerprint/named.h"
#include "fingerprint/paths.h"

struct collection {
	const struct listing *listing;
	const struct fingerprint_inputs *inputs;
	struct named named;
	struct input_files *files;
};

static void
collection_release(struct collection *collection)
{
	named_release(&collection->named);
}

static int
refuse(const char *path, const char *why, struct error **err)
{
	return error_set(err, ERROR_USAGE, "input '%s' %s", QUOTED(path), why);
}

/* Whether its files are in a checkout depends on who made it. */
static int
refuse_submodule(const char *path, struct error **err)
{
	return refuse(path, "is, contains or is in a submodule", err);
}

static int
find(const struct collection *collection, const char *path, struct listed *ret_listed,
     struct error **err)
{
	AUTO_FREE char *normal = path_normalise(path_to_open(path), err);

	if (!normal || listing_find(collection->listing, normal, true, ret_listed, err) < 0)
		return -1;
	if (ret_listed->is_broken_link)
		return refuse(path, "is a link to nothing", err);
	if (ret_listed->kind == LISTED_FILE && listed_file_is_submodule(ret_listed->file))
		return refuse_submodule(path, err);
	/* "file/" is nothing, as to every system call. */
	if (ret_listed->kind == LISTED_FILE && text_ends(path, "/"))
		ret_listed->kind = LISTED_MISSING;
	if (ret_listed->kind == LISTED_MISSING)
		return named_check_optional(&collection->named, path, "is missing", err);
	return 0;
}

/* A file below a directory that was named `named` and is at `real`. */
static int
take_below(const struct collection *collection, const char *named, const char *real, size_t index,
	   struct error **err)
{
	const struct listed_file *file = &collection->listing->files[index];
	const char *rest = file->path + strlen(real) + (*real ? 1 : 0);
	bool as_find = collection->inputs->scheme == SCHEME_CONCAT;
	AUTO_FREE char *path = path_join(named, rest, err);

	if (!path)
		return -1;
	if (!as_find &&
	    (path_never_enters(rest) || path_is_below_any(path, &collection->named.exclude)))
		return 0;
	if (listed_file_is_submodule(file))
		return refuse_submodule(path, err);
	if (as_find && file->mode == INPUT_LINK)
		return 0;
	return input_files_take(collection->files, TAKE_PTR(path), false, err);
}

static int
take_directory(const struct collection *collection, const char *named, const char *real,
	       struct error **err)
{
	const struct listing *listing = collection->listing;

	for (size_t i = listing_first_below(listing, real); listing_is_below(listing, i, real); i++)
		if (take_below(collection, named, real, i, err) < 0)
			return -1;
	return 0;
}

/* git does not look behind links, and lists a link alone. */
static int
check_tracked(const struct collection *collection, const char *path, const struct listed *listed,
	      struct error **err)
{
	if (!collection->inputs->tracked || listed->kind == LISTED_MISSING)
		return 0;
	if (listed->kind == LISTED_DIRECTORY && strcmp(listed->path, path) != 0)
		return refuse(path, "is a link to a directory, whose files git does not track",
			      err);
	return 0;
}

static int
take_input(const struct collection *collection, const char *path, struct error **err)
{
	AUTO_LISTED struct listed listed = { 0 };

	if (path_is_below_any(path, &collection->named.exclude))
		return 0;
	if (path_never_enters(path))
		return refuse(path, "cannot be an input", err);
	if (find(collection, path, &listed, err) < 0 ||
	    check_tracked(collection, path, &listed, err) < 0)
		return -1;
	if (listed.kind == LISTED_DIRECTORY)
		return take_directory(collection, path, listed.path, err);
	if (listed.kind == LISTED_FILE)
		return input_files_take(collection->files, xstrdup(path), true, err);
	return 0;
}

static int
collect_tree(struct collection *collection, struct error **err)
{
	for (size_t i = 0; i < collection->named.paths.count; i++)
		if (take_input(collection, collection->named.paths.items[i], err) < 0)
			return -1;
	input_files_sort(collection->files, 0);
	input_files_unique(collection->files);
	return 0;
}

/* `find LINK` stops at the link, `find LINK/` follows it. */
static int
find_follows(const struct collection *collection, const char *path, bool *ret_follows,
	     struct error **err)
{
	AUTO_FREE char *normal = path_normalise(path, err);
	AUTO_LISTED struct listed listed = { 0 };

	if (!normal || listing_find(collection->listing, normal, false, &listed, err) < 0)
		return -1;
	*ret_follows = listed.kind == LISTED_DIRECTORY || text_ends(path, "/");
	return 0;
}

static int
take_concat_input(const struct collection *collection, const char *path,
		  struct strings *directories, struct error **err)
{
	AUTO_LISTED struct listed listed = { 0 };
	bool follows = true;

	if (find(collection, path, &listed, err) < 0)
		return -1;
	if (listed.kind == LISTED_FILE)
		return input_files_take(collection->files, xstrdup(path), true, err);
	if (listed.kind != LISTED_DIRECTORY)
		return 0;
	/* There `find` would list git's own files too. */
	if (!*listed.path)
		return refuse(path, "is the whole directory", err);
	if (find_follows(collection, path, &follows, err) < 0)
		return -1;
	if (follows)
		strings_add(directories, path);
	return 0;
}

static int
collect_concat(struct collection *collection, struct error **err)
{
	AUTO_STRINGS struct strings directories = { 0 };
	const struct strings *paths = &collection->inputs->paths;
	size_t listed_count;

	for (size_t i = 0; i < paths->count; i++)
		if (take_concat_input(collection, paths->items[i], &directories, err) < 0)
			return -1;
	listed_count = collection->files->count;
	for (size_t i = 0; i < directories.count; i++) {
		AUTO_LISTED struct listed listed = { 0 };

		if (find(collection, directories.items[i], &listed, err) < 0 ||
		    take_directory(collection, directories.items[i], listed.path, err) < 0)
			return -1;
	}
	input_files_sort(collection->files, listed_count);
	return 0;
}

int
collect_listed(const struct fingerprint_inputs *inputs, struct input_files *ret_files,
	       struct error **err)
{
	CLEANUP(collection_release)
	struct collection collection = { .listing = inputs->listing,
					 .inputs = inputs,
					 .files = ret_files };

	if (named_init(&collection.named, -1, inputs, err) < 0)
		return -1;
	return inputs->scheme == SCHEME_CONCAT ? collect_concat(&collection, err)
					       : collect_tree(&collection, err);
}
