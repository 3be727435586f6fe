/* SPDX-License-Identifier: Apache-2.0 */
/* platform_tag.h - where each native runner leaves its part of an image
 *
 *     runner amd64 --> TAG-linux-amd64 \
 *                                       join.h --> TAG, an index of both
 *     runner arm64 --> TAG-linux-arm64 /
 *
 * "<tag>-<os>-<arch>[-<variant>]", in the image's own repository; what stands there is an image of
 * one platform like any other.
 */
#ifndef OCIFP_IMAGE_RESOLVE_PLATFORM_TAG_H
#define OCIFP_IMAGE_RESOLVE_PLATFORM_TAG_H

struct error;
struct platform;
struct target;

/* The caller owns it.  NULL, ERROR_USAGE: it would be no tag. */
char *platform_tag(const char *tag, const struct platform *platform, struct error **err);

/* Makes of the target one platform of it: it is pushed under the platform's tag, and asked for
 * there first, then where the whole image is.  A locked image is asked for as a whole alone. */
int target_take_platform(struct target *target, const struct platform *platform,
			 struct error **err);

#endif
