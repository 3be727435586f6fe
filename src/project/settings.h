/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - settings of the user and the machine, besides every project's
 *
 *     $XDG_CONFIG_HOME/ocifp/config.yaml, else ~/.config/ocifp/config.yaml
 *     /etc/ocifp/config.yaml, which belongs to root
 *
 * ocifp-config(5).  Settings that reach beyond a project are only possible here, because any author
 * of a commit controls the project file.
 */
#ifndef OCIFP_PROJECT_SETTINGS_H
#define OCIFP_PROJECT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;

enum settings_level { SETTINGS_USER, SETTINGS_MACHINE };

/* One value; a list has one for each item. */
struct setting {
	const char *name; /* "tls_ca" */
	char *value;      /* "true" and "false" for booleans */
	char *host;       /* of "mirrors"; else NULL */
	bool resolves;    /* of "mirrors": may be asked for tags */
	char *where;      /* "FILE:LINE" */
	enum settings_level level;
};

struct settings {
	struct setting *items; /* the user's, then the machine's, each in its order */
	size_t count;
	char *unused; /* the reason why an existing file was not read; NULL: none */
};

/* ERROR_USAGE with the file and the line. */
int settings_read(struct settings *ret_settings, struct error **err);

/* The first setting of that name, the user's before the machine's; NULL: not set. */
const struct setting *settings_find(const struct settings *settings, const char *name);

/* For booleans. */
bool settings_is(const struct settings *settings, const char *name, bool otherwise);

/* Whether that name is a setting; the project file's reader then tells where it belongs. */
bool settings_has_name(const char *name);
void settings_release(struct settings *settings);
#define AUTO_SETTINGS CLEANUP(settings_release)

#endif
