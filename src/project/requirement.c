/* SPDX-License-Identifier: Apache-2.0 */
#include "project/requirement.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"

struct identity {
	char *issuer;
	char *subject;
	bool is_logged;
};

static const struct config_field identity_fields[] = {
	{ "issuer", config_read_text, offsetof(struct identity, issuer), CONFIG_MANDATORY,
	  SCHEMA_TEXT },
	{ "log", config_read_bool, offsetof(struct identity, is_logged), CONFIG_OPTIONAL,
	  SCHEMA_BOOL },
	{ "subject", config_read_text, offsetof(struct identity, subject), CONFIG_MANDATORY,
	  SCHEMA_TEXT },
};

static const struct config_table identity_table = CONFIG_TABLE(identity_fields);

static int
read_identity(const struct config *config, const struct config_node *node, void *ret_value,
	      struct error **err)
{
	struct identity *identity = ret_value;

	identity->is_logged = true;
	return config_read_fields(config, node, "keyless", &identity_table, identity, err);
}

struct item {
	char *attestation;
	struct identity identity;
};

static const struct config_field item_fields[] = {
	{ "attestation", config_read_text, offsetof(struct item, attestation), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "keyless", read_identity, offsetof(struct item, identity), CONFIG_OPTIONAL, NULL },
};

static const struct config_table item_table = CONFIG_TABLE(item_fields);

static int
read_item(const struct config *config, const struct config_node *node,
	  struct requirements *requirements, struct error **err)
{
	struct item item = { 0 };
	int ret = config_read_fields(config, node, "requirement", &item_table, &item, err);

	if (ret == 0 && !item.attestation && !item.identity.issuer)
		ret = config_fail(config, &node->mark, err,
				  "a requirement names neither 'keyless' nor 'attestation'");
	requirements->items =
		xgrow(requirements->items, requirements->count, sizeof(*requirements->items));
	requirements->items[requirements->count++] = (struct requirement){
		.attestation = item.attestation,
		.issuer = item.identity.issuer,
		.subject = item.identity.subject,
		.is_logged = item.identity.is_logged,
	};
	return ret;
}

static int
read_word(const struct config *config, const struct config_node *node,
	  struct requirements *requirements, struct error **err)
{
	bool *word = strcmp(node->text, "fingerprint") == 0 ? &requirements->fingerprint
		     : strcmp(node->text, "signature") == 0 ? &requirements->signature
							    : NULL;

	if (!word)
		return config_fail(config, &node->mark, err,
				   "'%s' cannot be required, only 'fingerprint' and 'signature', "
				   "'keyless' and 'attestation' with a value",
				   QUOTED(node->text));
	if (*word)
		return config_fail(config, &node->mark, err, "'%s' is given twice", node->text);
	*word = true;
	return 0;
}

int
requirements_read(const struct config *config, const struct config_node *node, void *ret_value,
		  struct error **err)
{
	if (config_expect(config, node, CONFIG_LIST, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const struct config_node *item = &node->items[i];
		int ret = item->kind == CONFIG_TEXT ? read_word(config, item, ret_value, err)
						    : read_item(config, item, ret_value, err);

		if (ret < 0)
			return -1;
	}
	return 0;
}

void
requirements_release(struct requirements *requirements)
{
	for (size_t i = 0; i < requirements->count; i++) {
		free(requirements->items[i].attestation);
		free(requirements->items[i].issuer);
		free(requirements->items[i].subject);
	}
	free(requirements->items);
	*requirements = (struct requirements){ 0 };
}

bool
requirements_name_identity(const struct requirements *requirements)
{
	for (size_t i = 0; i < requirements->count; i++)
		if (requirements->items[i].issuer)
			return true;
	return false;
}

bool
requirements_need_any_signer(const struct requirements *requirements)
{
	for (size_t i = 0; i < requirements->count; i++)
		if (!requirements->items[i].issuer)
			return true;
	return false;
}
