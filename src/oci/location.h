/* SPDX-License-Identifier: Apache-2.0 */
/* location.h - where an image is: a registry, a layout directory or an archive
 *
 *     host/name[:tag][@digest]           a registry
 *     oci:DIR[:TAG][@DIGEST]             an OCI image layout (image-spec, image-layout.md)
 *     oci-archive:FILE[:TAG][@DIGEST]    the same in a tar
 *     docker-archive:FILE[:REF]          what `docker save` writes
 *     rootfs:DIR                         an unpacked root filesystem
 *     files:DIR                          the files of an artifact, to be written
 *
 * A path is split from its tag as skopeo does: "@alg:hex" is taken off the end, then the first
 * ':' splits.  The '@' of anything but an algorithm we know belongs to the path.  A location is a
 * line of output and of environment files: a path has no control characters.
 */
#ifndef OCIFP_OCI_LOCATION_H
#define OCIFP_OCI_LOCATION_H

#include <stdbool.h>

#include "oci/reference.h"

struct error;

enum transport {
	TRANSPORT_REGISTRY,
	TRANSPORT_LAYOUT,
	TRANSPORT_OCI_ARCHIVE,
	TRANSPORT_DOCKER_ARCHIVE,
	TRANSPORT_ROOTFS,
	TRANSPORT_FILES,
};

struct location {
	enum transport transport;
	char *path; /* NULL for a registry; "-", of an archive: stdin or stdout */
	struct reference
		reference; /* elsewhere: only tag and digest; the tag may be any ref.name */
};

/* ERROR_USAGE */
int location_parse(const char *text, struct location *ret_location, struct error **err);
char *location_format(const struct location *location);
char *location_repository(const struct location *location); /* without tag and digest */
void location_copy(const struct location *location, struct location *ret_copy);
void location_release(struct location *location);
#define AUTO_LOCATION CLEANUP(location_release)

bool location_path_is_valid(const char *path); /* whether the path has only allowed characters */

/* True for text that the grammar takes as a location, false for a name in the project file: text
 * with a '/', and with a ':' or '@', so that "debian:12" gets the hint of reference_parse(). */
bool location_is(const char *text);

#endif
