/* SPDX-License-Identifier: Apache-2.0 */
/* reading.h - a project while its file is being read */
#ifndef OCIFP_PROJECT_READING_H
#define OCIFP_PROJECT_READING_H

#include <stdbool.h>

#include "project/config_file.h"
#include "project/project.h"
#include "project/variables.h"

struct error;

struct reading {
	const struct config *config;
	const struct config_node *images; /* the map of that name; NULL: none */
	struct project *project;
	const struct variables *variables;
};

/* `node` is an entry of `images`; `image` is zeroed. */
int project_image_read(const struct reading *reading, const struct config_node *node,
		       struct project_image *image, struct error **err);
void project_image_release(struct project_image *image);

int project_caches_read(const struct reading *reading, const struct config_node *node,
			struct error **err);
void project_cache_release(struct project_cache *cache);

/* Called after the images, because it may name one. */
int project_run_read(const struct reading *reading, const struct config_node *node,
		     struct error **err);
void project_run_release(struct project_run *run);

/* Expands the variables in a repository's name.  If one has no value here, *ret_name is unchanged
 * and *ret_unknown is the variable; other repositories are still checked. */
int project_expand_repository(const struct reading *reading, const char *text, char **ret_name,
			      const char **ret_unknown, struct error **err);

/* "https://host[:port][/path]", or http; without credentials. */
bool project_mirror_is_valid(const char *url);

/* The keys of the file and of its parts. */
extern const struct config_table project_table;
extern const struct config_table project_image_table;
extern const struct config_table project_run_table;
extern const struct config_table project_cache_table;

config_reader project_paths_read; /* struct strings, as spelled */

/* "[a-z0-9][a-z0-9_-]*" */
bool project_name_is_valid(const char *name);

#endif
