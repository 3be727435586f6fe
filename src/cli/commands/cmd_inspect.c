/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "cli/output/columns.h"
#include "cli/output/page.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/trust/bundle_signers.h"
#include "image/trust/bundles.h"
#include "image/trust/trust_policies.h"
#include "oci/document.h"

struct inspect_values {
	struct target_options target;
	struct platforms platforms;
	bool config;
	bool signers;
};

static const struct option_spec inspect_options[] = {
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct inspect_values, platforms), "OS/ARCH",
	  "show only this platform; repeatable" },
	{ "config", 0, OPTION_FLAG, offsetof(struct inspect_values, config), NULL,
	  "print the config of one platform, byte for byte" },
	{ "signers", 0, OPTION_FLAG, offsetof(struct inspect_values, signers), NULL,
	  "read the image's Sigstore bundles, and show who signed what" },
	TARGET_OPTIONS(struct inspect_values, target),
	{ 0 },
};

/* From the index if the config lacks it; NULL: both do. */
static char *
platform_of(const struct image_node *node, const struct image_config *config)
{
	if (config->platform.os)
		return platform_format(&config->platform);
	return node->descriptor.has_platform ? platform_format(&node->descriptor.platform) : NULL;
}

static json_t *
layers_json(const struct manifest *manifest)
{
	json_t *layers = json_array();

	for (size_t i = 0; i < manifest->layers.count; i++)
		json_array_append_new(layers, descriptor_json(&manifest->layers.items[i]));
	return layers;
}

static json_t *
image_json(const struct image_node *node, const struct image_config *config)
{
	AUTO_FREE char *platform = platform_of(node, config);

	return json_pack("{s:s?, s:s, s:I, s:I, s:o, s:O?, s:o, s:O?}", "platform", platform,
			 "digest", digest_text(&node->descriptor.digest).text, "layers",
			 (json_int_t)node->manifest.layers.count, "size_bytes",
			 (json_int_t)manifest_layers_bytes(&node->manifest), "config",
			 json_pack("{s:s?, s:s?, s:s?, s:o, s:o, s:o, s:O?}", "created",
				   config->created, "user", config->user, "working_dir",
				   config->working_dir, "env", json_strings(&config->environment),
				   "entrypoint", json_strings(&config->entrypoint), "cmd",
				   json_strings(&config->command), "labels", config->labels),
			 "annotations", node->manifest.annotations, "layer_list",
			 layers_json(&node->manifest), "history", config->history);
}

/* Each image of the tree; artifacts and attestations have no image config. */
static int
add_images(const struct content *content, const struct image_node *node, json_t *images,
	   struct error **err)
{
	AUTO_CONFIG struct image_config config = { 0 };

	for (size_t i = 0; i < node->child_count; i++)
		if (add_images(content, &node->children[i], images, err) < 0)
			return -1;
	if (node->kind != DOCUMENT_MANIFEST || platform_is_unknown(&node->descriptor.platform) ||
	    !media_type_is_config(node->manifest.config.media_type))
		return 0;
	if (content_get_config(content, &node->manifest, &config, err) < 0)
		return error_wrap(err, "manifest '%s'", digest_text(&node->descriptor.digest).text);
	json_array_append_new(images, image_json(node, &config));
	return 0;
}

static void
add_annotations(struct page *page, json_t *annotations, const char *indent)
{
	const char *name;
	json_t *value;

	json_object_foreach (annotations, name, value) {
		page_add(page, "%s%s: %s\n", indent, QUOTED(name),
			 QUOTED(json_string_value(value)));
	}
}

static void
add_words(struct page *page, const char *title, const json_t *config, const char *key,
	  const char *separator)
{
	const json_t *words = json_object_get(config, key);
	size_t i;
	json_t *word;

	if (json_array_size(words) == 0)
		return;
	page_add(page, "  %s", title);
	json_array_foreach (words, i, word) {
		page_add(page, "%s%s", separator, QUOTED(json_string_value(word)));
	}
	page_add(page, "\n");
}

enum { COMMAND_CHARS = 44 };

static void
add_layer(struct columns *columns, const json_t *layer, const json_t *item)
{
	const char *digest = json_string_value(json_object_get(layer, "digest"));
	const char *said;
	AUTO_FREE char *start = NULL;
	size_t size;

	if (layer) {
		columns_take(columns, text_bytes((uint64_t)json_integer_value(
					      json_object_get(layer, "size"))));
		columns_take(columns, short_digest(digest ? digest : "-"));
	} else {
		columns_add(columns, "-");
		columns_add(columns, "-");
	}
	/* Foreign text, quoted and cut to fit a line. */
	said = json_string_value(json_object_get(item, "created_by"));
	start = said ? xstrndup(said, COMMAND_CHARS) : xstrdup("");
	size = strlen(start);
	/* Do not cut a character in half. */
	while (size > 0 && !utf8_is_valid(start))
		start[--size] = '\0';
	columns_take(columns, xasprintf("%s%s", start, said && said[size] ? "..." : ""));
}

/* Each step of the history with its layer; layers without a step at the end. */
static void
add_history_text(struct page *page, const json_t *image)
{
	const json_t *layers = json_object_get(image, "layer_list");
	const json_t *history = json_object_get(image, "history");
	AUTO_COLUMNS struct columns columns = { .alignment = "rll" };
	size_t layer = 0;
	size_t i;
	json_t *item;

	json_array_foreach (history, i, item) {
		bool made_layer = !json_is_true(json_object_get(item, "empty_layer"));

		add_layer(&columns, made_layer ? json_array_get(layers, layer) : NULL, item);
		layer += made_layer;
	}
	for (; layer < json_array_size(layers); layer++)
		add_layer(&columns, json_array_get(layers, layer), NULL);
	if (columns_row_count(&columns) > 0)
		page_add(page, "  %s:\n", json_is_array(history) ? "history" : "layers");
	for (i = 0; i < columns_row_count(&columns); i++) {
		page_add(page, "    ");
		columns_print_row(&columns, i, page);
		page_add(page, "\n");
	}
}

static void
add_image_text(struct page *page, const json_t *image)
{
	const json_t *config = json_object_get(image, "config");
	long long layers = json_integer_value(json_object_get(image, "layers"));
	const char *said = json_string_value(json_object_get(image, "platform"));
	const char *created = json_string_value(json_object_get(config, "created"));
	AUTO_FREE char *size =
		text_bytes((uint64_t)json_integer_value(json_object_get(image, "size_bytes")));

	page_add(page, "%s %s\n  %lld layer%s, %s\n", QUOTED(said ? said : "-"),
		 json_string_value(json_object_get(image, "digest")), layers,
		 layers == 1 ? "" : "s", size);
	if (created)
		page_add(page, "  created: %s\n", QUOTED(created));
	add_words(page, "entrypoint:", config, "entrypoint", " ");
	add_words(page, "command:", config, "cmd", " ");
	add_words(page, "environment:", config, "env", "\n    ");
	add_annotations(page, json_object_get(config, "labels"), "  label ");
	add_history_text(page, image);
}

/* Verified with the keys and the root of the project file. */
static int
read_signers(const struct inspected *inspected, struct bundle_signers *ret_signers,
	     struct error **err)
{
	const struct digest *subject = &inspected->found.root.descriptor.digest;
	AUTO_TRUST_POLICIES struct trust_policies policies = { 0 };
	AUTO_DESCRIPTORS struct descriptors entries = { 0 };
	struct bundle_judges judges = { .keys = &policies.keys };

	if (trust_policies_read_signers(&policies, &inspected->target, err) < 0 ||
	    bundles_list(&inspected->content, subject, &entries, err) < 0)
		return -1;
	judges.root = policies.has_root ? &policies.root : NULL;
	if (bundle_signers_read(&inspected->content, &entries, subject, &judges, ret_signers, err) <
	    0)
		return -1;
	return bundle_signers_read_classic(&inspected->content, subject, &judges, ret_signers, err);
}

static char *
format_text(const json_t *object, const struct bundle_signers *signers)
{
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *type =
		text_quote_string(json_string_value(json_object_get(object, "media_type")));
	const char *artifact = json_string_value(json_object_get(object, "artifact_type"));
	size_t i;
	json_t *image;

	page_add(&page, "%s\n%s\n%s\n", json_string_value(json_object_get(object, "reference")),
		 json_string_value(json_object_get(object, "digest")), type);
	if (artifact)
		page_add(&page, "artifact type: %s\n", QUOTED(artifact));
	add_annotations(&page, json_object_get(object, "annotations"), "");
	for (size_t j = 0; j < signers->count; j++) {
		AUTO_FREE char *who = bundle_signer_format(&signers->items[j]);

		page_add(&page, "signed: %s\n", who);
	}
	json_array_foreach (json_object_get(object, "images"), i, image)
		add_image_text(&page, image);
	return page_take(&page);
}

static int
tell(struct context *context, const struct inspected *inspected, json_t *images,
     const struct bundle_signers *signers, struct error **err)
{
	const struct image_node *root = &inspected->root;
	AUTO_FREE char *name = target_name(&inspected->target, inspected->found.place);
	const json_t *document = root->value;
	AUTO_FREE char *text = NULL;
	json_t *object;

	if (!document)
		return -1;
	object = json_pack("{s:s, s:s, s:s, s:O?, s:O?, s:O}", "reference", name, "digest",
			   digest_text(&root->descriptor.digest).text, "media_type",
			   root->descriptor.media_type, "artifact_type",
			   json_object_get(document, "artifactType"), "annotations",
			   json_object_get(document, "annotations"), "images", images);
	if (signers->is_read)
		json_object_set_new(object, "signers", bundle_signers_json(signers));
	text = format_text(object, signers);
	return context_result(context, text, object, err);
}

/* An artifact has a config, too. */
static int
print_config(struct context *context, const struct inspect_values *values,
	     struct inspected *inspected, struct error **err)
{
	AUTO_PLATFORMS struct platforms platforms = { 0 };
	struct selection selection = {
		.platforms = &platforms,
		.leaves_single = values->platforms.count == 0,
	};
	AUTO_IMAGE_NODE struct image_node part = { 0 };
	AUTO_BUF struct buf bytes = BUF_INIT(CONFIG_LIMIT_BYTES);
	AUTO_FREE char *name = target_name(&inspected->target, inspected->found.place);

	if (platforms_choose_one(&values->platforms, &platforms, err) < 0 ||
	    inspected_read(&selection, inspected, err) < 0 ||
	    image_part_take(&inspected->root, &part, err) < 0)
		return -1;
	if (content_get_blob(&inspected->content, &part.manifest.config, &bytes, err) < 0)
		return error_wrap(err, "config of '%s'", name);
	return context_result_bytes(context, &bytes, err);
}

static int
run_inspect(struct context *context, const void *opaque, const struct strings *operands,
	    struct error **err)
{
	const struct inspect_values *values = opaque;
	struct selection selection = {
		.platforms = platforms_said(&values->platforms),
		.leave_out_unsupported = true,
	};
	AUTO_INSPECTED struct inspected inspected = { 0 };
	AUTO_JSON json_t *images = json_array();
	AUTO_BUNDLE_SIGNERS struct bundle_signers signers = { 0 };

	if (values->config && values->signers)
		return error_set(err, ERROR_USAGE, "--config and --signers exclude each other");
	if (inspected_find_or_built(context, &values->target, operands, &inspected, err) < 0)
		return -1;
	if (values->config)
		return print_config(context, values, &inspected, err);
	if (inspected_read(&selection, &inspected, err) < 0)
		return -1;
	if (add_images(&inspected.content, &inspected.root, images, err) < 0 ||
	    (values->signers && read_signers(&inspected, &signers, err) < 0))
		return -1;
	return tell(context, &inspected, images, &signers, err);
}

const struct command cmd_inspect = {
	.name = "inspect",
	.summary = "show an image's digest, platforms, annotations and configurations",
	.usage = "[--platform OS/ARCH] [--config] [--signers] [--by-hash] [IMAGE|REF]",
	.options = inspect_options,
	.values_size = sizeof(struct inspect_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_inspect,
};
