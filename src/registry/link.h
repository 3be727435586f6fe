/* link.h - a list that goes on: the next page that an answer's Link names
 *
 * RFC 8288; distribution-spec, "Listing tags", "Listing referrers".  Followed on the registry's own
 * origin alone.
 */
#ifndef OCIFP_REGISTRY_LINK_H
#define OCIFP_REGISTRY_LINK_H

struct endpoint;
struct error;
struct request;

/* `what` names the list in errors, which are ERROR_UNAVAILABLE, class "protocol": also for a header
 * that cannot be read, because a list that ends early unnoticed is a wrong one.  *ret_next NULL:
 * this was the last page; else the caller's. */
int link_find_next(const struct endpoint *endpoint, const struct request *request, const char *what,
		   char **ret_next, struct error **err);

/* Only the target, as it stands in the answer. */
int link_find_target(const struct request *request, char **ret_target, struct error **err);

/* One value of a header.  *target is NULL, or what an earlier value named. */
int link_parse_next(const char *value, char **target, struct error **err);

#endif
