/* SPDX-License-Identifier: Apache-2.0 */
/* `run` of the project file.  The author of a commit controls it, so nothing here may reach outside
 * the project's directory or pass on a secret. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "project/reading.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
is_variable_name(const char *name)
{
	return *name && !strchr("0123456789", *name) && !name[strspn(name, LETTERS "0123456789_")];
}

static int
read_env(const struct config *config, const struct config_node *node, void *env, struct error **err)
{
	const char *value = config_text(config, node, err);

	if (!value)
		return -1;
	if (!is_variable_name(node->key))
		return config_fail(config, &node->key_mark, err,
				   "invalid variable name '%s': expected letters, digits and '_'",
				   QUOTED(node->key));
	strings_take(env, xasprintf("%s=%s", node->key, value));
	return 0;
}

/* A word between underscores. */
static bool
has_word(const char *name, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = name; at; at = strchr(at, '_')) {
		at += *at == '_';
		if (text_starts(at, word) && (at[size] == '_' || !at[size]))
			return true;
	}
	return false;
}

/* By its name: one of these words, or a variable that ocifp reads credentials from. */
static bool
is_secret_name(const char *name)
{
	static const char *const parts[] = { "TOKEN",      "SECRET", "PASSW",
					     "PASSPHRASE", "KEY",    "CREDENTIAL" };
	static const char *const words[] = {
		"AUTH", "COOKIE", "DSN", "JWT", "PAT", "PWD", "WEBHOOK"
	};
	static const char *const names[] = { "DOCKER_CONFIG", "NETRC" };
	AUTO_FREE char *upper = xstrdup(name);

	for (char *at = upper; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (strstr(upper, parts[i]))
			return true;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (has_word(upper, words[i]))
			return true;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(upper, names[i]) == 0)
			return true;
	return text_ends(upper, "PASS") || has_word(upper, "PASS");
}

static int
read_pass(const struct config *config, const struct config_node *node, void *ret_value,
	  struct error **err)
{
	if (config_read_texts(config, node, ret_value, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const struct config_node *item = &node->items[i];

		if (!is_variable_name(item->text))
			return config_fail(config, &item->mark, err,
					   "invalid variable name '%s': expected an exact name",
					   QUOTED(item->text));
		if (!is_secret_name(item->text))
			continue;
		config_fail(config, &item->mark, err,
			    "the project file cannot pass '%s', which may be a secret", item->text);
		return error_set_hint(err, "pass it yourself: ocifp run -e %s", item->text);
	}
	return 0;
}

static bool
has_parent_component(const char *path)
{
	for (const char *at = path; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (text_starts(at, "..") && (at[2] == '/' || !at[2]))
			return true;
	}
	return false;
}

static int
fail_volume(const struct config *config, const struct config_node *node, const char *why,
	    struct error **err)
{
	config_fail(config, &node->mark, err, "volume '%s' %s", QUOTED(node->text), why);
	return error_set_hint(
		err, "expected './PATH:TARGET' below the project directory, or 'NAME:TARGET'; "
		     "mount anything else with -v");
}

/* The run follows links in the path. */
static int
check_volume(const struct config *config, const struct config_node *node, struct error **err)
{
	const char *colon = strchr(node->text, ':');
	AUTO_FREE char *source = colon ? xstrndup(node->text, (size_t)(colon - node->text)) : NULL;

	if (!source || !*source || colon[1] != '/')
		return fail_volume(config, node, "is not SOURCE:TARGET", err);
	if (*source == '/' || *source == '~')
		return fail_volume(config, node, "is outside of the project directory", err);
	if (has_parent_component(source))
		return fail_volume(config, node, "leads out of the project directory", err);
	if (*source != '.' && strchr(source, '/'))
		return fail_volume(config, node, "is neither a path nor the name of a volume", err);
	return 0;
}

static int
read_volumes(const struct config *config, const struct config_node *node, void *ret_value,
	     struct error **err)
{
	if (config_read_texts(config, node, ret_value, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++)
		if (check_volume(config, &node->items[i], err) < 0)
			return -1;
	return 0;
}

static int
read_workdir(const struct config *config, const struct config_node *node, void *ret_value,
	     struct error **err)
{
	if (config_read_text(config, node, ret_value, err) < 0)
		return -1;
	if (*node->text == '/')
		return 0;
	return config_fail(config, &node->mark, err,
			   "invalid 'workdir': expected an absolute path in the image");
}

static const struct config_field run_fields[] = {
	{ "env", read_env, offsetof(struct project_run, env), CONFIG_ENTRIES, SCHEMA_TEXT_MAP },
	{ "image", config_read_text, offsetof(struct project_run, image), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "pass", read_pass, offsetof(struct project_run, pass), CONFIG_OPTIONAL, SCHEMA_TEXTS },
	{ "volumes", read_volumes, offsetof(struct project_run, volumes), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "workdir", read_workdir, offsetof(struct project_run, workdir), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
};

const struct config_table project_run_table = CONFIG_TABLE(run_fields);

int
project_run_read(const struct reading *reading, const struct config_node *node, struct error **err)
{
	struct project *project = reading->project;
	const struct config_node *image = config_find(node, "image");

	if (config_read_fields(reading->config, node, "'run'", &project_run_table, &project->run,
			       err) < 0)
		return -1;
	if (!image || project_has_image(project, image->text))
		return 0;
	return config_fail(reading->config, &image->mark, err,
			   "'run' names the image '%s', which the file does not define",
			   QUOTED(image->text));
}

void
project_run_release(struct project_run *run)
{
	free(run->image);
	free(run->workdir);
	strings_release(&run->volumes);
	strings_release(&run->env);
	strings_release(&run->pass);
}
