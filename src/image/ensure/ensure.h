/* SPDX-License-Identifier: Apache-2.0 */
/* ensure.h - the registry's image, else one that is built, pushed and verified
 *
 *     ask --present--> pull
 *      |--unknown--> the error stands: nothing is built on a guess
 *      `--absent--> built here before? --yes--> use it [--> import --> push --> ask again]
 *                       `--no--> [wait] --> needs --> may we push? --> build --> import --> ...
 *
 * The images that this one needs are ensured in the same way, but only before a build.  Only
 * missing platforms are built; the others stay in the index.
 */
#ifndef OCIFP_IMAGE_ENSURE_ENSURE_H
#define OCIFP_IMAGE_ENSURE_ENSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strings.h"
#include "fingerprint/fingerprint.h"
#include "oci/platform.h"

struct error;
struct project;
struct session;

enum push_policy { PUSH_AUTO, PUSH_ALWAYS, PUSH_NEVER };

struct ensure_options {
	const struct platforms *platforms; /* NULL: the image's, else linux/<what we run on> */
	bool platform_tag; /* one platform alone, under its own tag: platform_tag() in
			      image/resolve/target.h */
	enum push_policy push;
	int64_t wait_ms; /* another job may be building it: wait this long */
	bool no_build;
	bool rebuild; /* ignore an earlier local build */
	bool offline;
	bool dry_run;
	bool assume_absent; /* treat a refused login as absence, as the user asked */
};

struct ensure_result {
	char *repository; /* "host/name" */
	char *tag;
	struct fingerprint fingerprint;
	struct digest digest;     /* DIGEST_NONE: nothing was built or found (dry run) */
	struct platforms missing; /* the platforms that had to be built */
	bool present;             /* all platforms were there */
	bool built;
	bool pushed;
	char *built_name; /* its name in the store; NULL: the registry has the image, or it does not
			     exist */
	bool adopted;     /* another job pushed meanwhile: our build is not used */
	const char *why_not_pushed; /* of a build; a string literal */
};

/* `name` NULL: the only image, or the default. */
int ensure_image(struct session *session, const struct project *project, const char *name,
		 const struct ensure_options *options, struct ensure_result *ret_result,
		 struct error **err);
void ensure_result_release(struct ensure_result *result);
#define AUTO_ENSURE_RESULT CLEANUP(ensure_result_release)

#endif
