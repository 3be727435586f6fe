/* answer.h - what the headers of a registry's answer say about content
 *
 * distribution-spec, "Pulling manifests": Docker-Content-Digest, Content-Type.
 */
#ifndef OCIFP_REGISTRY_ANSWER_H
#define OCIFP_REGISTRY_ANSWER_H

#include <stdbool.h>

struct digest;
struct error;
struct request;

/* Docker-Content-Digest.  ERROR_UNAVAILABLE, class "protocol": two of them, or no digest. */
int answer_find_digest(const struct request *request, struct digest *ret_digest, bool *ret_found,
		       struct error **err);

/* ERROR_CONTENT, class "digest", when the header is there and names another one. */
int answer_check_digest(const struct request *request, const struct digest *expected,
			struct error **err);

/* Content-Type without its parameters, when it is that of a manifest; else NULL.  The caller owns
 * it. */
char *answer_manifest_type(const struct request *request);
bool answer_is_page(const struct request *request);

#endif
