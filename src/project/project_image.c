/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/paths.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "project/config_file.h"
#include "project/reading.h"
#include "project/repository_name.h"

/* A tag with fewer digits than git's short names would soon be ambiguous. */
#define LENGTH_MIN_CHARS 7

int
project_paths_read(const struct config *config, const struct config_node *node, void *ret_value,
		   struct error **err)
{
	if (config_read_texts(config, node, ret_value, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		AUTO_FREE char *normal = path_normalise(node->items[i].text, err);

		if (!normal)
			return config_wrap(config, &node->items[i].mark, err);
	}
	return 0;
}

static int
read_arg(const struct config *config, const struct config_node *node, void *args,
	 struct error **err)
{
	const char *value = config_text(config, node, err);

	if (!value)
		return -1;
	if (!fingerprint_arg_name_is_valid(node->key))
		return config_fail(config, &node->key_mark, err, "invalid argument name '%s'",
				   QUOTED(node->key));
	fingerprint_pairs_add(args, node->key, value);
	return 0;
}

static int
read_scheme(const struct config *config, const struct config_node *node, void *ret_value,
	    struct error **err)
{
	const char *name = config_text(config, node, err);

	if (!name)
		return -1;
	if (fingerprint_scheme_parse(name, ret_value, err) < 0)
		return config_wrap(config, &node->mark, err);
	return 0;
}

static int
read_platform(const struct config *config, const struct config_node *node, void *platforms,
	      struct error **err)
{
	AUTO_PLATFORM struct platform platform = { 0 };
	const char *text = config_text(config, node, err);

	if (!text)
		return -1;
	if (platform_parse(text, &platform, err) < 0)
		return config_wrap(config, &node->mark, err);
	if (platforms_has(platforms, &platform))
		return config_fail(config, &node->mark, err, "'%s' is given twice", QUOTED(text));
	platforms_add(platforms, &platform);
	return 0;
}

/* In the spelling of the lock file and the fingerprint. */
static int
read_pin(const struct config *config, const struct config_node *node, void *pins,
	 struct error **err)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_FREE char *formatted = NULL;
	const char *text = config_text(config, node, err);

	if (!text)
		return -1;
	if (reference_parse(text, &reference, err) < 0)
		return config_wrap(config, &node->mark, err);
	formatted = reference_format(&reference);
	if (reference.digest.algorithm != DIGEST_NONE)
		return config_fail(config, &node->mark, err, "'%s' has a digest already",
				   formatted);
	if (strings_has(pins, formatted))
		return config_fail(config, &node->mark, err, "'%s' is given twice", formatted);
	strings_take(pins, TAKE_PTR(formatted));
	return 0;
}

static int
read_path(const struct config *config, const struct config_node *node, void *ret_value,
	  struct error **err)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *normal = NULL;

	if (config_read_text(config, node, &text, err) < 0)
		return -1;
	normal = path_normalise(text, err);
	if (!normal)
		return config_wrap(config, &node->mark, err);
	*(char **)ret_value = TAKE_PTR(text);
	return 0;
}

static int
read_length(const struct config *config, const struct config_node *node, void *ret_value,
	    struct error **err)
{
	unsigned length;

	if (config_read_uint(config, node, &length, err) < 0)
		return -1;
	if (length < LENGTH_MIN_CHARS || length > FINGERPRINT_HEX_CHARS)
		return config_fail(config, &node->mark, err, "'length' must be from %d to %d",
				   LENGTH_MIN_CHARS, FINGERPRINT_HEX_CHARS);
	*(unsigned *)ret_value = length;
	return 0;
}

/* Values of the file, before variables are expanded. */
struct entry {
	struct project_image image;
	char *repository;
	char *pull_requests;
	struct strings fallback;
};

static void
entry_release(struct entry *entry)
{
	project_image_release(&entry->image);
	free(entry->repository);
	free(entry->pull_requests);
	strings_release(&entry->fallback);
}

void
project_image_release(struct project_image *image)
{
	free(image->name);
	free(image->repository);
	free(image->pull_requests);
	free(image->build);
	strings_release(&image->fallback);
	strings_release(&image->inputs);
	strings_release(&image->optional);
	strings_release(&image->exclude);
	strings_release(&image->needs);
	strings_release(&image->pins);
	strings_release(&image->push_refs);
	requirements_release(&image->require);
	free(image->trusted_root);
	strings_release(&image->signed_by);
	strings_release(&image->tags);
	fingerprint_pairs_release(&image->args);
	platforms_release(&image->platforms);
	*image = (struct project_image){ 0 };
}

/* A tag that looks like a fingerprint's would be taken for one. */
static int
read_tags(const struct config *config, const struct config_node *node, void *ret_value,
	  struct error **err)
{
	if (config_read_texts(config, node, ret_value, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const struct config_node *item = &node->items[i];
		size_t size = strlen(item->text);

		if (!reference_tag_is_valid(item->text))
			return config_fail(config, &item->mark, err, "invalid tag '%s'",
					   QUOTED(item->text));
		if (size >= LENGTH_MIN_CHARS && strspn(item->text, "0123456789abcdef") == size)
			return config_fail(config, &item->mark, err,
					   "tag '%s' could be a fingerprint's", item->text);
	}
	return 0;
}

static const struct config_field entry_fields[] = {
	{ "args", read_arg, offsetof(struct entry, image.args), CONFIG_ENTRIES, SCHEMA_TEXT_MAP },
	{ "build", config_read_text, offsetof(struct entry, image.build), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "default", config_read_bool, offsetof(struct entry, image.is_default), CONFIG_OPTIONAL,
	  SCHEMA_BOOL },
	{ "exclude", project_paths_read, offsetof(struct entry, image.exclude), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "fallback", config_read_texts, offsetof(struct entry, fallback), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "inputs", project_paths_read, offsetof(struct entry, image.inputs), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "length", read_length, offsetof(struct entry, image.length), CONFIG_OPTIONAL,
	  "{\"type\": \"integer\", \"minimum\": 7, \"maximum\": 64}" },
	{ "needs", config_read_texts, offsetof(struct entry, image.needs), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "optional", project_paths_read, offsetof(struct entry, image.optional), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "pin", read_pin, offsetof(struct entry, image.pins), CONFIG_ITEMS, SCHEMA_TEXTS },
	{ "platforms", read_platform, offsetof(struct entry, image.platforms), CONFIG_ITEMS,
	  SCHEMA_TEXTS },
	{ "pull_requests", config_read_text, offsetof(struct entry, pull_requests), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "push_refs", config_read_texts, offsetof(struct entry, image.push_refs), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "repository", config_read_text, offsetof(struct entry, repository), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "require", requirements_read, offsetof(struct entry, image.require), CONFIG_OPTIONAL,
	  REQUIREMENTS_SCHEMA },
	{ "scheme", read_scheme, offsetof(struct entry, image.scheme), CONFIG_OPTIONAL,
	  SCHEMA_ONE_OF("\"tree\", \"concat\"") },
	{ "signed_by", project_paths_read, offsetof(struct entry, image.signed_by), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "tags", read_tags, offsetof(struct entry, image.tags), CONFIG_OPTIONAL, SCHEMA_TEXTS },
	{ "tracked", config_read_bool, offsetof(struct entry, image.tracked), CONFIG_OPTIONAL,
	  SCHEMA_BOOL },
	{ "trusted_root", read_path, offsetof(struct entry, image.trusted_root), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
};

const struct config_table project_image_table = CONFIG_TABLE(entry_fields);

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

static int
expand_repositories(const struct reading *reading, const struct config_node *node,
		    struct entry *entry, struct error **err)
{
	const struct config_node *repository = config_find(node, "repository");
	const struct config_node *fallback = config_find(node, "fallback");
	const struct config_node *pull_requests = config_find(node, "pull_requests");
	struct project_image *image = &entry->image;

	if (repository &&
	    project_expand_repository(reading, entry->repository, &entry->image.repository,
				      &entry->image.unknown_variable, err) < 0)
		return config_wrap(reading->config, &repository->mark, err);
	if (pull_requests &&
	    project_expand_repository(reading, entry->pull_requests, &entry->image.pull_requests,
				      &entry->image.unknown_variable, err) < 0)
		return config_wrap(reading->config, &pull_requests->mark, err);
	if (entry->image.pull_requests && entry->image.repository &&
	    strcmp(entry->image.pull_requests, entry->image.repository) == 0)
		return config_fail(reading->config, &pull_requests->mark, err,
				   "'pull_requests' is the repository itself");
	if (expand_fallback(reading, fallback, &entry->fallback, &entry->image, err) < 0)
		return -1;
	/* Absence needs an answer from all of them, so one unknown name makes all unusable. */
	if (!image->repository || image->fallback.count != entry->fallback.count) {
		free(image->repository);
		image->repository = NULL;
		strings_release(&image->fallback);
	}
	return 0;
}

/* Published fingerprints of the scheme concat do not include these. */
static int
check_scheme(const struct reading *reading, const struct config_node *node,
	     const struct project_image *image, struct error **err)
{
	static const char *const foreign[] = { "args", "exclude", "tracked" };

	for (size_t i = 0; i < COUNT_OF(foreign); i++) {
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
check_signers(const struct reading *reading, const struct config_node *node,
	      const struct project_image *image, struct error **err)
{
	const struct config_node *node_of_require = config_find(node, "require");
	const struct requirements *require = &image->require;
	bool names_identity = requirements_name_identity(require);

	if (require->signature && image->signed_by.count == 0)
		return config_fail(reading->config, &node_of_require->mark, err,
				   "image '%s' requires a signature and has no 'signed_by'",
				   image->name);
	if (requirements_need_any_signer(require) && image->signed_by.count == 0 && !names_identity)
		return config_fail(reading->config, &node_of_require->mark, err,
				   "image '%s' requires an attestation and names no signer: "
				   "expected 'keyless' or 'signed_by'",
				   image->name);
	if (names_identity && !image->trusted_root)
		return config_fail(reading->config, &node_of_require->mark, err,
				   "image '%s' requires an identity and has no 'trusted_root'",
				   image->name);
	return 0;
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
	if (config_read_fields(reading->config, node, what, &project_image_table, &entry, err) <
		    0 ||
	    expand_repositories(reading, node, &entry, err) < 0 ||
	    check_scheme(reading, node, &entry.image, err) < 0 ||
	    check_optional(reading, node, &entry.image, err) < 0 ||
	    check_signers(reading, node, &entry.image, err) < 0)
		return -1;
	if (entry.image.inputs.count + entry.image.needs.count + entry.image.pins.count +
		    entry.image.args.count ==
	    0)
		return config_fail(reading->config, &node->key_mark, err,
				   "image '%s' has no 'inputs'", entry.image.name);
	*image = entry.image;
	entry.image = (struct project_image){ 0 };
	return 0;
}
