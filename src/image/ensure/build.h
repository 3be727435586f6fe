/* SPDX-License-Identifier: Apache-2.0 */
/* build.h - runs the project's build command, see ocifp.yaml(5)
 *
 * `/bin/sh -c` in the project's directory; its output goes to our stderr.  Its environment has
 *
 *     OCIFP_BUILD          1: an ocifp started by the build writes no GitHub outputs
 *     OCIFP_IMAGE          its name in the project file
 *     OCIFP_REF            host/name:tag that will name the image
 *     OCIFP_FINGERPRINT    64 hex digits
 *     OCIFP_PLATFORMS      the missing ones: linux/amd64,linux/arm64
 *     OCIFP_PINS           REF@DIGEST, one a line
 *     OCIFP_NEEDS_<IMAGE>  REF@DIGEST of an image that this one needs; oci:STORE:NAME if that was
 *                          built and not pushed
 *     OCIFP_OUTPUT         an absolute path that does not exist
 *
 * and, if options set them, OCIFP_STORE, OCIFP_TLS_CA, OCIFP_PLAIN_HTTP and OCIFP_TRUST_REALM for
 * an ocifp that it starts.  The build leaves an OCI layout directory or a tar at OCIFP_OUTPUT, or
 * pushes OCIFP_REF itself.
 */
#ifndef OCIFP_IMAGE_ENSURE_BUILD_H
#define OCIFP_IMAGE_ENSURE_BUILD_H

#include <stdint.h>

#include "base/strings.h"
#include "oci/location.h"

struct error;
struct platforms;
struct project;
struct session_options;
struct target;

struct build_options {
	const struct target *target;
	const struct project *project;
	const struct session_options *session;
	const struct platforms *platforms; /* to build */
	const struct strings *needs;       /* "IMAGE=REF" each */
	int64_t deadline_ms; /* after this time it is killed: ERROR_TIMEOUT; 0: none */
};

/* ocifp-build-XXXXXX in $TMPDIR, locked (flock) while it is in use.  An unlocked one was left by a
 * run that was killed; the next run removes it. */
struct build_room {
	char *path; /* absolute; NULL: none, as in a zeroed struct */
	int lock_fd;
};

struct build_output {
	struct build_room room;   /* removed on release, with its content */
	bool is_there;            /* false: the command must have pushed the image itself */
	struct location location; /* if has_output */
};

/* ERROR_BUILD with the command's exit status. */
int build_run(const struct build_options *options, struct build_output *ret_output,
	      struct error **err);
void build_output_release(struct build_output *output);
#define AUTO_BUILD_OUTPUT CLEANUP(build_output_release)

#endif
