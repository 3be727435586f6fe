/* layer_helper.h - the program `ocifp-layer` from inside: verbs, and what they are given
 *
 * The other end is sandbox/helper.h.  A verb reads its request, builds the walls and only then
 * touches foreign bytes.
 */
#ifndef OCIFP_LAYER_HELPER_LAYER_HELPER_H
#define OCIFP_LAYER_HELPER_LAYER_HELPER_H

#include <stdbool.h>

#include "sandbox/channel.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "sandbox/id_map.h"

struct error;

struct service {
	int channel_fd;
	struct message request;
	bool no_walls; /* for tests: the tree must be the same without them */
	bool walk;     /* for tests: as where openat2(2) is missing */
	struct walls walls;
};

/* confine_process() and confine_calls(), unless they are not wanted. */
int service_confine_process(struct service *service, int tree_fd, struct error **err);
int service_confine_calls(struct service *service, struct error **err);

/* With ID_MAP_RANGES: a user namespace with these ids, as whose root we then are. */
int service_enter_ids(struct service *service, const struct id_map *map, struct error **err);

int serve_check(struct service *service, struct error **err);
int serve_list(struct service *service, struct error **err);
int serve_remove(struct service *service, struct error **err);
int serve_unpack(struct service *service, struct error **err);
int serve_walls(struct service *service, struct error **err);

/* Of the layer above, cache/: not in this archive, but in the program. */
int serve_restore(struct service *service, struct error **err);

struct helper_verb {
	const char *name; /* NULL ends a table */
	int (*serve)(struct service *service, struct error **err);
};

/* The whole program; the exit status.  A start by hand is refused.  `more`: verbs of layers above.
 */
int helper_main(int argc, char **argv, const struct helper_verb *more);

#endif
