/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.h - a job as an OCI runtime bundle: config.json
 *
 * runtime-spec, config.md.  An engine of ours finds everything set up but the root's own mounts: it
 * inherits its namespaces, and gets a new mount namespace only.
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

/* A job's config; the caller owns the text.  `root_path` becomes root.path. */
char *bundle_config(const struct engine_start *start, const char *root_path);

/* Writes "config.json" into a directory, for an engine that the user runs; also hosts, hostname and
 * resolv.conf, which it mounts, and for an image the tree "rootfs".  Limits are ignored. */
int bundle_write(struct session *session, const struct run_base *base,
		 const struct run_options *options, const char *directory, struct error **err);

/* Capabilities of root in podman's containers; NULL ends the list. */
extern const char *const job_capabilities[];

/* Adds the paths that docker, podman and we hide from a container.  `sysfs` is this machine's,
 * because its processors matter too. */
void job_masked_paths(const char *sysfs, struct strings *ret_paths);

/* Paths that a container may only read; NULL ends the list. */
extern const char *const job_read_only_paths[];

#endif
