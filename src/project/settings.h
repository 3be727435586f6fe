/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - what the user and the machine say beside every project
 *
 *     $XDG_CONFIG_HOME/ocifp/config.yaml, else ~/.config/ocifp/config.yaml
 *     /etc/ocifp/config.yaml, which belongs to root
 *
 * ocifp-config(5).  What reaches beyond a project stands here alone: the project file's author is
 * whoever wrote a commit.
 */
#ifndef OCIFP_PROJECT_SETTINGS_H
#define OCIFP_PROJECT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;

enum settings_level { SETTINGS_USER, SETTINGS_MACHINE };

/* One value; a list has one of these for each of its items. */
struct setting {
	const char *name; /* "tls_ca" */
	char *value;      /* "true" and "false" for those that are so */
	char *host;       /* of "mirrors"; else NULL */
	bool resolves;    /* of "mirrors": may be asked for tags */
	char *where;      /* "FILE:LINE" */
	enum settings_level level;
};

struct settings {
	struct setting *items; /* the user's, then the machine's, each in its order */
	size_t count;
	char *unused; /* why a file that is there was not read; NULL: none was left out */
};

/* ERROR_USAGE with the file and the line. */
int settings_read(struct settings *ret_settings, struct error **err);

/* The first of that name, the user's before the machine's; NULL: nobody says. */
const struct setting *settings_find(const struct settings *settings, const char *name);

/* Of those that are true or false. */
bool settings_is(const struct settings *settings, const char *name, bool otherwise);

/* Whether that name is one of these; the project file says where it belongs. */
bool settings_has_name(const char *name);
void settings_release(struct settings *settings);
#define AUTO_SETTINGS CLEANUP(settings_release)

#endif
