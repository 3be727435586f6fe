/* SPDX-License-Identifier: Apache-2.0 */
/* target.h - the image that a user means: where to ask, for what, and what it has to satisfy
 *
 * Made from an entry of the project file (always by hash, unless a tag is given), from a reference,
 * or from `--by-hash HOST/NAME --input P...` without a project file.
 */
#ifndef OCIFP_IMAGE_RESOLVE_TARGET_H
#define OCIFP_IMAGE_RESOLVE_TARGET_H

#include <stdbool.h>

#include "base/buf.h"
#include "fingerprint/fingerprint.h"
#include "oci/location.h"
#include "oci/platform.h"

struct error;
struct project;
struct project_image;

struct target {
	const struct project_image *image; /* NULL: not from a project file */
	struct location *candidates; /* [0] is the image's own, the others are read-only fallbacks;
				      * each with the tag or digest to ask for */
	size_t candidate_count;
	size_t pull_request_place; /* the candidate that this job of a pull request pushes to; 0:
				      not such a job, or none is configured */
	const char *directory;     /* of the project or the inputs; git runs there; borrowed */
	bool by_hash;
	struct fingerprint fingerprint; /* when by_hash */
	struct buf record;              /* the inputs of the fingerprint; if by_hash */
	struct platforms platforms;     /* those that the project file declares; may be empty */
	struct digest locked;           /* the digest in .ocifp.lock; DIGEST_NONE: not locked */
	bool requires_fingerprint;      /* refuse an image without the annotation */
};

/* An image of the project; `tag` (NULL: none) replaces the fingerprint's. */
int target_of_project(const struct project *project, const char *name, const char *tag,
		      struct target *ret_target, struct error **err);

/* A location as given; a registry's tag is "latest" without tag and digest. */
int target_of_location(const char *text, struct target *ret_target, struct error **err);

/* A location with the fingerprint of these inputs as its tag. */
int target_of_inputs(const char *text, const struct fingerprint_inputs *inputs, unsigned length,
		     struct target *ret_target, struct error **err);

/* In a job of a pull request: puts its place before the image's own. */
void target_prefer_pull_requests(struct target *target);

/* The tag for one native runner's platform, which join.h collects in an index: "TAG-OS-ARCH" or
 * "TAG-OS-ARCH-VARIANT" in the image's own repository.  The caller owns it.  NULL, ERROR_USAGE: not
 * a valid tag. */
char *platform_tag(const char *tag, const struct platform *platform, struct error **err);

/* Reduces the target to one platform: it is pushed under the platform's tag, and looked up there
 * first, then under the image's own tag.  A locked image is looked up as a whole only. */
int target_take_platform(struct target *target, const struct platform *platform,
			 struct error **err);

/* ERROR_REFUSED, class "lock_file", if .ocifp.lock has another digest. */
int target_check_lock(const struct target *target, size_t place, const struct digest *digest,
		      struct error **err);

/* Whether an image at this place may name, as its base, what is then asked for: a reference of a
 * registry and, as for a redirect, no host of our network that the place itself is not in. */
bool target_may_name(const struct location *place, const char *name);

/* "host/name:tag", for messages and for the store. */
char *target_name(const struct target *target, size_t place);
void target_release(struct target *target);
#define AUTO_TARGET CLEANUP(target_release)

#endif
