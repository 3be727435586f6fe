#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/paths.h"
#include "project/config_fields.h"
#include "project/image_values.h"
#include "project/reading.h"
#include "project/repository_name.h"

/* What the file says, before variables are expanded. */
struct entry {
	struct project_image image;
	char *repository;
	struct strings fallback;
};

static void
entry_release(struct entry *entry)
{
	project_image_release(&entry->image);
	free(entry->repository);
	strings_release(&entry->fallback);
}

void
project_image_release(struct project_image *image)
{
	free(image->name);
	free(image->repository);
	free(image->build);
	strings_release(&image->fallback);
	strings_release(&image->inputs);
	strings_release(&image->optional);
	strings_release(&image->exclude);
	strings_release(&image->needs);
	strings_release(&image->pins);
	strings_release(&image->push_refs);
	strings_release(&image->require);
	strings_release(&image->signed_by);
	fingerprint_pairs_release(&image->args);
	platforms_release(&image->platforms);
	*image = (struct project_image){ 0 };
}

static const struct config_field entry_fields[] = {
	{ "args", image_read_args, offsetof(struct entry, image.args), false },
	{ "build", config_read_text, offsetof(struct entry, image.build), false },
	{ "default", config_read_bool, offsetof(struct entry, image.is_default), false },
	{ "exclude", image_read_paths, offsetof(struct entry, image.exclude), false },
	{ "fallback", config_read_texts, offsetof(struct entry, fallback), false },
	{ "inputs", image_read_paths, offsetof(struct entry, image.inputs), false },
	{ "length", image_read_length, offsetof(struct entry, image.length), false },
	{ "needs", config_read_texts, offsetof(struct entry, image.needs), false },
	{ "optional", image_read_paths, offsetof(struct entry, image.optional), false },
	{ "pin", image_read_pins, offsetof(struct entry, image.pins), false },
	{ "platforms", image_read_platforms, offsetof(struct entry, image.platforms), false },
	{ "push_refs", config_read_texts, offsetof(struct entry, image.push_refs), false },
	{ "repository", config_read_text, offsetof(struct entry, repository), false },
	{ "require", image_read_require, offsetof(struct entry, image.require), false },
	{ "scheme", image_read_scheme, offsetof(struct entry, image.scheme), false },
	{ "signed_by", image_read_paths, offsetof(struct entry, image.signed_by), false },
	{ "tracked", config_read_bool, offsetof(struct entry, image.tracked), false },
};

static const struct config_table entry_table = CONFIG_TABLE(entry_fields);

int
project_expand_repository(const struct reading *reading, const char *text, char **ret_name,
			  const char **ret_unknown, struct error **err)
{
	static char some_repository[] = "owner/name";
	static char some_owner[] = "owner";
	static char some_image[] = "host.example/owner/name";
	const struct variables some = { .repository = some_repository,
					.owner = some_owner,
					.registry_image = some_image };
	AUTO_FREE char *expanded = NULL;
	AUTO_FREE char *name = NULL;
	const char *unknown = NULL;
	const char *none = NULL;

	if (variables_expand(text, reading->variables, &expanded, &unknown, err) < 0)
		return -1;
	if (unknown && variables_expand(text, &some, &expanded, &none, err) < 0)
		return -1;
	name = project_repository_name(expanded, reading->project->directory, err);
	if (!name)
		return -1;
	if (unknown)
		*ret_unknown = unknown;
	else
		*ret_name = TAKE_PTR(name);
	return 0;
}

static int
expand_fallback(const struct reading *reading, const struct config_node *node,
		const struct strings *fallback, struct project_image *image, struct error **err)
{
	for (size_t i = 0; i < fallback->count; i++) {
		char *name = NULL;

		if (project_expand_repository(reading, fallback->items[i], &name,
					      &image->unknown_variable, err) < 0)
			return config_wrap(reading->config, &node->items[i].mark, err);
		if (name)
			strings_take(&image->fallback, name);
	}
	return 0;
}

/* Absence needs an answer of all of them, so that one unknown name makes all useless. */
static void
forget_unless_complete(struct entry *entry)
{
	struct project_image *image = &entry->image;

	if (image->repository && image->fallback.count == entry->fallback.count)
		return;
	free(image->repository);
	image->repository = NULL;
	strings_release(&image->fallback);
}

static int
expand_repositories(const struct reading *reading, const struct config_node *node,
		    struct entry *entry, struct error **err)
{
	const struct config_node *repository = config_find(node, "repository");
	const struct config_node *fallback = config_find(node, "fallback");

	if (repository &&
	    project_expand_repository(reading, entry->repository, &entry->image.repository,
				      &entry->image.unknown_variable, err) < 0)
		return config_wrap(reading->config, &repository->mark, err);
	if (expand_fallback(reading, fallback, &entry->fallback, &entry->image, err) < 0)
		return -1;
	forget_unless_complete(entry);
	return 0;
}

/* Already published fingerprints of the scheme concat know nothing of these. */
static int
check_scheme(const struct reading *reading, const struct config_node *node,
	     const struct project_image *image, struct error **err)
{
	static const char *const foreign[] = { "args", "exclude", "needs", "pin", "tracked" };

	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		const struct config_node *found = config_find(node, foreign[i]);

		if (found && image->scheme == SCHEME_CONCAT)
			return config_fail(reading->config, &found->key_mark, err,
					   "the scheme 'concat' does not support '%s'", foreign[i]);
	}
	return 0;
}

static bool
has_path(const struct strings *paths, const char *path)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *wanted = path_normalise(path, &ignored);

	for (size_t i = 0; i < paths->count; i++) {
		AUTO_ERROR struct error *also_ignored = NULL;
		AUTO_FREE char *normal = path_normalise(paths->items[i], &also_ignored);

		if (wanted && normal && strcmp(wanted, normal) == 0)
			return true;
	}
	return false;
}

static int
check_optional(const struct reading *reading, const struct config_node *node,
	       const struct project_image *image, struct error **err)
{
	const struct config_node *optional = config_find(node, "optional");

	for (size_t i = 0; i < image->optional.count; i++) {
		if (!has_path(&image->inputs, image->optional.items[i]))
			return config_fail(reading->config, &optional->items[i].mark, err,
					   "'%s' is optional but not among the inputs",
					   QUOTED(image->optional.items[i]));
	}
	return 0;
}

static int
check_keys(const struct reading *reading, const struct config_node *node,
	   const struct project_image *image, struct error **err)
{
	const struct config_node *require = config_find(node, "require");

	if (image->signed_by.count > 0 || !strings_has(&image->require, "signature"))
		return 0;
	return config_fail(reading->config, &require->mark, err,
			   "image '%s' requires a signature and has no 'signed_by'", image->name);
}

static int
check_inputs(const struct reading *reading, const struct config_node *node,
	     const struct project_image *image, struct error **err)
{
	if (image->inputs.count + image->needs.count + image->pins.count + image->args.count > 0)
		return 0;
	return config_fail(reading->config, &node->key_mark, err, "image '%s' has no 'inputs'",
			   image->name);
}

int
project_image_read(const struct reading *reading, const struct config_node *node,
		   struct project_image *image, struct error **err)
{
	AUTO_FREE char *what = xasprintf("image '%s'", QUOTED(node->key));
	CLEANUP(entry_release)
	struct entry entry = { .image = { .name = xstrdup(node->key),
					  .length = FINGERPRINT_LENGTH_DEFAULT } };

	if (!project_name_is_valid(node->key)) {
		config_fail(reading->config, &node->key_mark, err, "invalid image name '%s'",
			    QUOTED(node->key));
		return error_set_hint(err, "expected lower-case letters, digits, '_' and '-'");
	}
	if (config_read_fields(reading->config, node, what, &entry_table, &entry, err) < 0 ||
	    expand_repositories(reading, node, &entry, err) < 0 ||
	    check_scheme(reading, node, &entry.image, err) < 0 ||
	    check_optional(reading, node, &entry.image, err) < 0 ||
	    check_keys(reading, node, &entry.image, err) < 0 ||
	    check_inputs(reading, node, &entry.image, err) < 0)
		return -1;
	*image = entry.image;
	entry.image = (struct project_image){ 0 };
	return 0;
}
