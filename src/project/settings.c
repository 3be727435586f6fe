/* SPDX-License-Identifier: Apache-2.0 */
#include "project/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/reference.h"
#include "project/config_file.h"
#include "project/reading.h"

static const char machine_folder[] = "/etc";
static const char file_name[] = "ocifp/config.yaml";

/* Destination of a file's fields. */
struct file {
	struct settings *settings;
	enum settings_level level;
};

static struct setting *
add(const struct config *config, const struct config_node *node, const char *name,
    const char *value, struct file *file)
{
	struct settings *settings = file->settings;
	struct setting *setting;

	settings->items = xgrow(settings->items, settings->count, sizeof(*settings->items));
	setting = &settings->items[settings->count++];
	*setting = (struct setting){
		.name = name,
		.value = xstrdup(value),
		.where = xasprintf("%s:%zu", config->name, node->mark.line),
		.level = file->level,
	};
	return setting;
}

static const char *name_of(const char *key);

static int
read_path(const struct config *config, const struct config_node *node, void *ret_value,
	  struct error **err)
{
	const char *text = config_text(config, node, err);
	const char *home = environment_find("HOME");
	AUTO_FREE char *path = NULL;

	if (!text)
		return -1;
	if (text_starts(text, "~/") && home)
		path = xasprintf("%s%s", home, text + 1);
	else if (*text == '/')
		path = xstrdup(text);
	if (!path)
		return config_fail(config, &node->mark, err,
				   "invalid '%s': expected an absolute path, or one in '~/'",
				   node->key);
	add(config, node, name_of(node->key), path, ret_value);
	return 0;
}

static int
read_flag(const struct config *config, const struct config_node *node, void *ret_value,
	  struct error **err)
{
	bool value = false;

	if (config_read_bool(config, node, &value, err) < 0)
		return -1;
	add(config, node, name_of(node->key), value ? "true" : "false", ret_value);
	return 0;
}

static int
read_isolation(const struct config *config, const struct config_node *node, void *ret_value,
	       struct error **err)
{
	const char *text = config_text(config, node, err);

	if (!text)
		return -1;
	if (strcmp(text, "full") != 0 && strcmp(text, "chroot") != 0)
		return config_fail(config, &node->mark, err,
				   "invalid isolation '%s': expected full or chroot", QUOTED(text));
	add(config, node, name_of(node->key), text, ret_value);
	return 0;
}

static int
read_hosts(const struct config *config, const struct config_node *node, void *ret_value,
	   struct error **err)
{
	if (config_expect(config, node, CONFIG_LIST, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const struct config_node *item = &node->items[i];
		const char *text = config_text(config, item, err);

		if (!text)
			return -1;
		if (!reference_host_is_valid(text))
			return config_fail(config, &item->mark, err,
					   "invalid host '%s': expected HOST or HOST:PORT",
					   QUOTED(text));
		add(config, item, name_of(node->key), text, ret_value);
	}
	return 0;
}

struct mirror {
	char *url;
	bool resolves;
};

static const struct config_field mirror_fields[] = {
	{ "resolve", config_read_bool, offsetof(struct mirror, resolves), CONFIG_OPTIONAL,
	  SCHEMA_BOOL },
	{ "url", config_read_text, offsetof(struct mirror, url), CONFIG_MANDATORY, SCHEMA_TEXT },
};

static const struct config_table mirror_table = CONFIG_TABLE(mirror_fields);

/* "https://..." or {url: "https://...", resolve: true} */
static int
read_mirror(const struct config *config, const char *host, const struct config_node *node,
	    struct file *file, struct error **err)
{
	struct mirror mirror = { 0 };
	AUTO_FREE char *url = NULL;
	struct setting *setting;

	if (node->kind == CONFIG_MAP) {
		int result =
			config_read_fields(config, node, "a mirror", &mirror_table, &mirror, err);

		url = mirror.url;
		if (result < 0)
			return -1;
	} else if (config_read_text(config, node, &url, err) < 0) {
		return -1;
	}
	if (!project_mirror_is_valid(url))
		return config_fail(config, &node->mark, err, "'%s' is not a valid mirror URL",
				   QUOTED(url));
	setting = add(config, node, name_of("mirrors"), url, file);
	setting->host = text_lower(host);
	setting->resolves = mirror.resolves;
	return 0;
}

static int
read_mirrors(const struct config *config, const struct config_node *node, void *ret_value,
	     struct error **err)
{
	if (config_expect(config, node, CONFIG_MAP, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const struct config_node *host = &node->items[i];

		if (!reference_host_is_valid(host->key))
			return config_fail(config, &host->key_mark, err,
					   "invalid host '%s': expected HOST or HOST:PORT",
					   QUOTED(host->key));
		if (config_expect(config, host, CONFIG_LIST, err) < 0)
			return -1;
		for (size_t j = 0; j < host->count; j++)
			if (read_mirror(config, host->key, &host->items[j], ret_value, err) < 0)
				return -1;
	}
	return 0;
}

/* Each reader adds to the whole file. */
static const struct config_field fields[] = {
	{ "direct_bearer", read_flag, 0, CONFIG_OPTIONAL, SCHEMA_BOOL },
	{ "isolation", read_isolation, 0, CONFIG_OPTIONAL, SCHEMA_ONE_OF("\"full\", \"chroot\"") },
	{ "mirrors", read_mirrors, 0, CONFIG_OPTIONAL, NULL },
	{ "plain_http", read_hosts, 0, CONFIG_OPTIONAL, SCHEMA_TEXTS },
	{ "project_mirrors", read_flag, 0, CONFIG_OPTIONAL, SCHEMA_BOOL },
	{ "store", read_path, 0, CONFIG_OPTIONAL, SCHEMA_TEXT },
	{ "tls_ca", read_path, 0, CONFIG_OPTIONAL, SCHEMA_TEXT },
	{ "trust_realm", read_hosts, 0, CONFIG_OPTIONAL, SCHEMA_TEXTS },
};

static const struct config_table table = CONFIG_TABLE(fields);

/* The table's own text, which is static. */
static const char *
name_of(const char *key)
{
	for (size_t i = 0; i < table.count; i++)
		if (strcmp(fields[i].name, key) == 0)
			return fields[i].name;
	return NULL;
}

bool
settings_has_name(const char *name)
{
	return name_of(name);
}

/* Anyone who can write to the file decides whom ocifp trusts.  Root's file must have the owner of
 * /etc: in a user namespace root may not be mapped. */
static bool
is_trusted(const struct stat *status, enum settings_level level)
{
	struct stat folder;

	if (status->st_mode & (S_IWGRP | S_IWOTH))
		return false;
	if (level == SETTINGS_USER)
		return status->st_uid == geteuid() || status->st_uid == 0;
	return status->st_uid == 0 ||
	       (stat(machine_folder, &folder) == 0 && status->st_uid == folder.st_uid);
}

static int
read_file(const char *folder, enum settings_level level, struct settings *settings,
	  struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, file_name);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	AUTO_BUF struct buf bytes = BUF_INIT(PROJECT_FILE_LIMIT_BYTES);
	AUTO_CONFIG_TREE struct config config = { 0 };
	struct file file = { settings, level };
	struct stat status;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_path(err, errno, "read", path);
	if (!S_ISREG(status.st_mode) || !is_trusted(&status, level)) {
		const char *why = level == SETTINGS_USER
					  ? "it must be a regular file that belongs to you, and no "
					    "other user may write to it"
					  : "it must be a regular file that belongs to root, and "
					    "no other user may write to it";

		if (!settings->unused)
			settings->unused = xasprintf("'%s' is not used: %s", path, why);
		return 0;
	}
	if (fd_read_all(fd, &bytes, path, err) < 0)
		return -1;
	if (bytes.size == 0)
		return 0;
	if (config_parse(path, bytes.data, bytes.size, &config, err) < 0)
		return -1;
	return config_read_fields(&config, &config.root, "the settings", &table, &file, err);
}

int
settings_read(struct settings *ret_settings, struct error **err)
{
	AUTO_SETTINGS struct settings settings = { 0 };
	const char *folder = environment_find("XDG_CONFIG_HOME");
	const char *home = environment_find("HOME");
	AUTO_FREE char *user = folder && *folder == '/' ? xstrdup(folder)
			       : home                   ? xasprintf("%s/.config", home)
							: NULL;

	if (user && read_file(user, SETTINGS_USER, &settings, err) < 0)
		return -1;
	if (read_file(machine_folder, SETTINGS_MACHINE, &settings, err) < 0)
		return -1;
	*ret_settings = settings;
	settings = (struct settings){ 0 };
	return 0;
}

const struct setting *
settings_find(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].name, name) == 0)
			return &settings->items[i];
	return NULL;
}

bool
settings_is(const struct settings *settings, const char *name, bool otherwise)
{
	const struct setting *setting = settings_find(settings, name);

	return setting ? strcmp(setting->value, "true") == 0 : otherwise;
}

void
settings_release(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->items[i].value);
		free(settings->items[i].host);
		free(settings->items[i].where);
	}
	free(settings->items);
	free(settings->unused);
	*settings = (struct settings){ 0 };
}
