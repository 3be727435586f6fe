/* SPDX-License-Identifier: Apache-2.0 */
/* reading.h - a project while its file is read */
#ifndef OCIFP_PROJECT_READING_H
#define OCIFP_PROJECT_READING_H

#include <stdbool.h>

#include "project/config_file.h"
#include "project/project.h"
#include "project/variables.h"

struct error;

struct reading {
	const struct config *config;
	const struct config_node *images; /* the map of that name; NULL: there is none */
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

/* After the images, one of which it may name. */
int project_run_read(const struct reading *reading, const struct config_node *node,
		     struct error **err);
void project_run_release(struct project_run *run);

/* A repository's name with its variables.  Where they have no value here, *ret_name stays and
 * *ret_unknown is the variable: those of some repository still show mistakes. */
int project_expand_repository(const struct reading *reading, const char *text, char **ret_name,
			      const char **ret_unknown, struct error **err);

/* "https://host[:port][/path]", or http; without credentials. */
bool project_mirror_is_valid(const char *url);

/* The keys of the file and of its parts. */
extern const struct config_table project_table;
extern const struct config_table project_image_table;
extern const struct config_table project_run_table;
extern const struct config_table project_cache_table;

config_reader project_paths_read; /* struct strings, as they are spelled */

/* "[a-z0-9][a-z0-9_-]*" */
bool project_name_is_valid(const char *name);

#endif
