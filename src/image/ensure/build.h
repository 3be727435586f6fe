/* SPDX-License-Identifier: Apache-2.0 */
/* build.h - the project's build command, run as ocifp.yaml(5) says
 *
 * `/bin/sh -c` in the project's directory; its output goes to our stderr.  It is told by
 *
 *     OCIFP_BUILD          1: an ocifp that it runs speaks for the build, not to GitHub
 *     OCIFP_IMAGE          its name in the project file
 *     OCIFP_REF            host/name:tag that will name the image
 *     OCIFP_FINGERPRINT    64 hex digits
 *     OCIFP_PLATFORMS      what is missing: linux/amd64,linux/arm64
 *     OCIFP_PINS           REF@DIGEST, one a line
 *     OCIFP_NEEDS_<IMAGE>  REF@DIGEST of an image that this one needs; oci:STORE:NAME when it was
 *                          built and not pushed
 *     OCIFP_OUTPUT         an absolute path that does not exist
 *
 * and, when options say so, OCIFP_STORE, OCIFP_TLS_CA, OCIFP_PLAIN_HTTP and OCIFP_TRUST_REALM for
 * an ocifp that it runs,
 *
 * and leaves an OCI layout directory or a tar there, or pushes OCIFP_REF by itself.
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
	int64_t deadline_ms;               /* then it is killed: ERROR_TIMEOUT; 0: none */
};

/* ocifp-build-XXXXXX in $TMPDIR, locked (flock) for as long as it is in use.  One that nobody has
 * locked was left by a run that was killed; the next run removes it. */
struct build_room {
	char *path; /* absolute; NULL: none, as in a zeroed struct */
	int lock_fd;
};

struct build_output {
	struct build_room room;   /* removed on release, with all that is in it */
	bool is_there;            /* else the command is said to have pushed by itself */
	struct location location; /* when it is */
};

/* ERROR_BUILD says the command's exit status. */
int build_run(const struct build_options *options, struct build_output *ret_output,
	      struct error **err);
void build_output_release(struct build_output *output);
#define AUTO_BUILD_OUTPUT CLEANUP(build_output_release)

#endif
