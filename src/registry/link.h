/* SPDX-License-Identifier: Apache-2.0 */
/* link.h - the next page of a list, from the Link header
 *
 * RFC 8288; distribution-spec, "Listing tags", "Listing referrers".  Only a page on the registry's
 * own origin is used.
 */
#ifndef OCIFP_REGISTRY_LINK_H
#define OCIFP_REGISTRY_LINK_H

struct endpoint;
struct error;
struct request;

/* `what` names the list in errors.  ERROR_UNAVAILABLE, class "protocol": also for a malformed
 * header, because a truncated list would be wrong.  *ret_next NULL: this was the last page.  The
 * caller owns it. */
int link_find_next(const struct endpoint *endpoint, const struct request *request, const char *what,
		   char **ret_next, struct error **err);

/* The target only, unresolved. */
int link_find_target(const struct request *request, char **ret_target, struct error **err);

/* Parses one header value.  *target is NULL, or the target of an earlier value. */
int link_parse_next(const char *value, char **target, struct error **err);

#endif
