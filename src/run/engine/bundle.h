/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.h - a job as an OCI runtime bundle: config.json
 *
 * runtime-spec, config.md.  For an engine of ours to start, everything but the root's own mounts is
 * set up already: it inherits the namespaces it is in, but for a new mount namespace.
 */
#ifndef OCIFP_RUN_ENGINE_BUNDLE_H
#define OCIFP_RUN_ENGINE_BUNDLE_H

#include <stdbool.h>

struct engine_start;
struct job;
struct error;
struct id_map;
struct run_base;
struct run_options;
struct session;
struct strings;

/* The config of a job; the caller owns the text.  `root_path` as in root.path. */
char *bundle_config(const struct engine_start *start, const char *root_path);

/* Writes "config.json" into a directory, for an engine that the user runs, the files hosts,
 * hostname and resolv.conf that it mounts, and, of an image, the tree "rootfs".  Limits do not
 * count. */
int bundle_write(struct session *session, const struct run_base *base,
		 const struct run_options *options, const char *directory, struct error **err);

/* Capabilities that root in a container has with podman; NULL ends the list. */
extern const char *const job_capabilities[];

/* Adds the paths that docker, podman and we keep from a container.  `sysfs` is where this machine's
 * is mounted: which processors there are decides, too. */
void job_masked_paths(const char *sysfs, struct strings *ret_paths);

/* What a container may only read; NULL ends the list. */
extern const char *const job_read_only_paths[];

#endif
