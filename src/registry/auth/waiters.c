#include "registry/auth/waiters.h"

#include <stdlib.h>

#include "base/xalloc.h"

void
waiters_add(struct waiter **list, struct request *request)
{
	struct waiter *waiter = XNEW(struct waiter);

	waiter->request = request;
	waiter->next = *list;
	*list = waiter;
}

bool
waiters_remove(struct waiter **list, const struct request *request)
{
	for (; *list; list = &(*list)->next) {
		struct waiter *found = *list;

		if (found->request != request)
			continue;
		*list = found->next;
		free(found);
		return true;
	}
	return false;
}

void
waiters_free(struct waiter *list)
{
	while (list) {
		struct waiter *next = list->next;

		free(list);
		list = next;
	}
}
