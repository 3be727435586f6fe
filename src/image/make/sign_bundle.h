/* SPDX-License-Identifier: Apache-2.0 */
/* sign_bundle.h - signs an image with a Sigstore bundle
 *
 * See bundles.h.  The form that cosign 3 writes with a key and without a log; the statement also
 * names the repository, and the fingerprint if the image has one.  Each signature is a manifest of
 * its own, so in a registry with the referrers API none is lost when two sign at the same moment.
 */
#ifndef OCIFP_IMAGE_MAKE_SIGN_BUNDLE_H
#define OCIFP_IMAGE_MAKE_SIGN_BUNDLE_H

struct error;
struct found_image;
struct session;
struct sign_result;
struct signing_keys;
struct target;

/* As sign_image(); the count is the number of the image's bundles. */
int sign_image_bundle(struct session *session, const struct target *target,
		      const struct found_image *found, const struct signing_keys *keys,
		      struct sign_result *ret_result, struct error **err);

#endif
