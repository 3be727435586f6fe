/* SPDX-License-Identifier: Apache-2.0 */
/* platform.h - os/arch[/variant], and the best match for one
 *
 * Names are Go's GOOS and GOARCH (image-spec, image-index.md, "platform").  "arm64" means arm64/v8,
 * "arm" means arm/v7; "x86_64" and "aarch64" are accepted for amd64 and arm64.
 */
#ifndef OCIFP_OCI_PLATFORM_H
#define OCIFP_OCI_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/cleanup.h"

struct error;

struct platform {
	char *os;
	char *architecture;
	char *variant;    /* NULL: none */
	char *os_version; /* NULL: none; only Windows has it */
};

/* Case is ignored; the result is normalised.  ERROR_USAGE */
int platform_parse(const char *text, struct platform *ret_platform, struct error **err);

/* Whether Go or uname(1) knows the name: "arm64", "aarch64". */
bool platform_knows_architecture(const char *name);
void platform_host(struct platform *ret_platform);      /* linux/<this machine> */
char *platform_format(const struct platform *platform); /* normalised: "linux/arm64" for v8 */
void platform_copy(const struct platform *platform, struct platform *ret_copy);

/* Without a default variant, as builders write it: skopeo does not accept amd64/v1 for amd64. */
void platform_copy_plain(const struct platform *platform, struct platform *ret_copy);
bool platform_equal(const struct platform *a, const struct platform *b); /* normalised */

/* Reads a platform of a descriptor or an image config, unchanged.  All NULL without both an os and
 * an architecture.  ERROR_CONTENT */
int platform_parse_json(const json_t *object, struct platform *ret_platform, struct error **err);
json_t *platform_json(const struct platform *platform); /* the caller's reference */

/* 0: an image for `offered` does not run as `wanted`; a higher number is a better fit (the exact
 * variant before a lower one).  Variants as containerd counts them: amd64/v3 runs v2 and v1, arm/v7
 * runs v6 and v5, arm64/v9.1 runs v9.0 and v8.6; no architecture runs another's images. */
unsigned platform_fit(const struct platform *offered, const struct platform *wanted);
bool platform_is_unknown(const struct platform *platform); /* unknown/unknown: not an image */
void platform_release(struct platform *platform);
#define AUTO_PLATFORM CLEANUP(platform_release)

struct platforms {
	struct platform *items;
	size_t count;
};

void platforms_add(struct platforms *platforms, const struct platform *platform); /* copies */
bool platforms_has(const struct platforms *platforms, const struct platform *platform);
void platforms_copy(const struct platforms *platforms, struct platforms *ret_copy);
char *platforms_format(const struct platforms *platforms, const char *separator);
void platforms_release(struct platforms *platforms);
#define AUTO_PLATFORMS CLEANUP(platforms_release)

#endif
