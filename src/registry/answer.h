/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h - the headers of a registry's answer that describe its content
 *
 * distribution-spec, "Pulling manifests": Docker-Content-Digest, Content-Type.
 */
#ifndef OCIFP_REGISTRY_ANSWER_H
#define OCIFP_REGISTRY_ANSWER_H

#include <stdbool.h>

struct digest;
struct error;
struct request;

/* Docker-Content-Digest.  ERROR_UNAVAILABLE, class "protocol": repeated or invalid. */
int answer_find_digest(const struct request *request, struct digest *ret_digest, bool *ret_found,
		       struct error **err);

/* ERROR_CONTENT, class "digest": the header names another digest. */
int answer_check_digest(const struct request *request, const struct digest *expected,
			struct error **err);

/* Content-Type without parameters if it is a manifest's, else NULL.  The caller owns it. */
char *answer_manifest_type(const struct request *request);

/* A web page, as a proxy or a captive portal sends it. */
bool answer_is_page(const struct request *request);

#endif
