/* SPDX-License-Identifier: Apache-2.0 */
/* variables.h - ${GITHUB_REPOSITORY}, ${GITHUB_REPOSITORY_OWNER} and ${CI_REGISTRY_IMAGE} in names
 * of repositories
 *
 * Nothing else expands, anywhere; "$$" is "$".  Values are in lower case, as registries require.
 */
#ifndef OCIFP_PROJECT_VARIABLES_H
#define OCIFP_PROJECT_VARIABLES_H

#include "base/cleanup.h"

struct error;

struct variables {
	char *repository; /* "owner/name"; NULL: not known */
	char *owner;
	char *registry_image; /* of a job of GitLab: "registry.gitlab.com/group/name"; NULL: not
				 known */
};

/* Their values in this directory; unknown ones stay NULL. */
void variables_find(const char *directory, struct variables *ret_variables);
void variables_release(struct variables *variables);
#define AUTO_VARIABLES CLEANUP(variables_release)

/* *ret_text is NULL if a variable has no value, and *ret_unknown is then its name; the caller owns
 * the text.  ERROR_USAGE: an unknown variable. */
int variables_expand(const char *text, const struct variables *variables, char **ret_text,
		     const char **ret_unknown, struct error **err);

#endif
