/* SPDX-License-Identifier: Apache-2.0 */
/* reference.h - the name of an image in a registry: host/name[:tag][@digest]
 *
 * The host has a '.' or a ':' or is "localhost"; it is kept in lower case without a trailing dot;
 * IPv6 addresses stand in brackets.  Names and tags follow distribution-spec, "Pulling manifests".
 * docker.io names without a '/' get "library/".  User info, schemes, spaces and control characters
 * are refused.
 */
#ifndef OCIFP_OCI_REFERENCE_H
#define OCIFP_OCI_REFERENCE_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct error;

struct reference {
	char *host;           /* with ":port" when one was given */
	char *name;           /* "owner/image" */
	char *tag;            /* NULL: none */
	struct digest digest; /* DIGEST_NONE: none */
};

/* ERROR_USAGE; "debian:12" gets a hint that names docker.io/library/debian:12. */
int reference_parse(const char *text, struct reference *ret_reference, struct error **err);
char *reference_format(const struct reference *reference);
char *reference_repository(const struct reference *reference); /* "host/name" */

/* The same, but without the host for docker.io. */
int reference_parse_docker(const char *text, struct reference *ret_reference, struct error **err);

/* "host/name:tag" as docker shows it: without the host for docker.io, "latest" without a tag; the
 * caller's.  NULL: not a name. */
char *reference_docker_name(const char *text);

/* ERROR_USAGE when the reference has another digest than the content. */
int reference_check_digest(const struct reference *reference, const struct digest *content,
			   struct error **err);
void reference_copy(const struct reference *reference, struct reference *ret_copy);
void reference_release(struct reference *reference);
#define AUTO_REFERENCE CLEANUP(reference_release)

/* A host as above, either case, without a trailing dot; its port is 1 to 65535. */
bool reference_host_is_valid(const char *host);
bool reference_tag_is_valid(const char *tag);
bool reference_name_is_valid(const char *name);

#endif
