/* variables.h - ${GITHUB_REPOSITORY} and ${GITHUB_REPOSITORY_OWNER} in names of repositories
 *
 * Nothing else expands, anywhere; "$$" is "$".  Values are in lower case, as registries want it.
 */
#ifndef OCIFP_PROJECT_VARIABLES_H
#define OCIFP_PROJECT_VARIABLES_H

#include "base/cleanup.h"

struct error;

struct variables {
	char *repository; /* "owner/name"; NULL: not known */
	char *owner;
};

/* What they are in this directory; unknown ones stay NULL. */
void variables_find(const char *directory, struct variables *ret_variables);
void variables_release(struct variables *variables);
#define AUTO_VARIABLES CLEANUP(variables_release)

/* *ret_text is NULL when a variable is not known; the caller owns it.  ERROR_USAGE for a variable
 * that there is not. */
int variables_expand(const char *text, const struct variables *variables, char **ret_text,
		     struct error **err);

#endif
