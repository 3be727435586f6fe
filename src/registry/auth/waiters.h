/* waiters.h - requests that wait for the same thing */
#ifndef OCIFP_REGISTRY_AUTH_WAITERS_H
#define OCIFP_REGISTRY_AUTH_WAITERS_H

#include <stdbool.h>

struct request;

struct waiter {
	struct request *request; /* borrowed; may have gone: compare only */
	struct waiter *next;
};

void waiters_add(struct waiter **list, struct request *request);
bool waiters_remove(struct waiter **list, const struct request *request);
void waiters_free(struct waiter *list);

#endif
