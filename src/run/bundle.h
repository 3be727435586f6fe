/* bundle.h - a job as an OCI runtime bundle: config.json
 *
 * runtime-spec, config.md.  For an engine of ours to start, everything but the root's own mounts is
 * set up already: it inherits the namespaces it is in, but for a new mount namespace.
 */
#ifndef OCIFP_RUN_BUNDLE_H
#define OCIFP_RUN_BUNDLE_H

#include <stdbool.h>

struct engine_start;
struct job;
struct id_map;

/* The config of a job; the caller owns the text.  `root_path` as in root.path. */
char *bundle_config(const struct engine_start *start, const char *root_path);

/* Capabilities that root in a container has with podman; NULL ends the list. */
extern const char *const job_capabilities[];

#endif
