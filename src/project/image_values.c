#include "project/image_values.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/paths.h"
#include "oci/platform.h"
#include "oci/reference.h"

/* A tag of fewer digits than git's short names would soon stand for two contents. */
#define LENGTH_MIN_CHARS 7

int
image_read_paths(const struct config *config, const struct config_node *node, void *ret_value,
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
read_arg(const struct config *config, const struct config_node *node,
	 struct fingerprint_pairs *args, struct error **err)
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

int
image_read_args(const struct config *config, const struct config_node *node, void *ret_value,
		struct error **err)
{
	if (config_expect(config, node, CONFIG_MAP, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++)
		if (read_arg(config, &node->items[i], ret_value, err) < 0)
			return -1;
	return 0;
}

int
image_read_scheme(const struct config *config, const struct config_node *node, void *ret_value,
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
read_platform(const struct config *config, const struct config_node *node,
	      struct platforms *platforms, struct error **err)
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

int
image_read_platforms(const struct config *config, const struct config_node *node, void *ret_value,
		     struct error **err)
{
	if (config_expect(config, node, CONFIG_LIST, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++)
		if (read_platform(config, &node->items[i], ret_value, err) < 0)
			return -1;
	return 0;
}

/* In the one spelling that the lock file and the fingerprint have. */
static int
read_pin(const struct config *config, const struct config_node *node, struct strings *pins,
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

int
image_read_pins(const struct config *config, const struct config_node *node, void *ret_value,
		struct error **err)
{
	if (config_expect(config, node, CONFIG_LIST, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++)
		if (read_pin(config, &node->items[i], ret_value, err) < 0)
			return -1;
	return 0;
}

int
image_read_require(const struct config *config, const struct config_node *node, void *ret_value,
		   struct error **err)
{
	if (config_read_texts(config, node, ret_value, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		if (strcmp(node->items[i].text, "fingerprint") != 0 &&
		    strcmp(node->items[i].text, "signature") != 0)
			return config_fail(config, &node->items[i].mark, err,
					   "'%s' cannot be required, only 'fingerprint' and "
					   "'signature'",
					   QUOTED(node->items[i].text));
	}
	return 0;
}

int
image_read_length(const struct config *config, const struct config_node *node, void *ret_value,
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
