/* SPDX-License-Identifier: Apache-2.0 */
/* layer_helper.h - the verbs of the program `ocifp-layer`
 *
 * The other end is sandbox/helper.h.  A verb reads its request, enters the sandbox and only then
 * reads untrusted bytes.
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
	bool no_sandbox; /* for tests: the tree must be the same without it */
	bool walk;       /* for tests: as on a system without openat2(2) */
	struct sandbox sandbox;
};

/* confine_process() and confine_calls(), unless no_sandbox. */
int service_confine_process(struct service *service, int tree_fd, struct error **err);
int service_confine_calls(struct service *service, struct error **err);

/* With ID_MAP_RANGES: enters a user namespace with these ids, as its root. */
int service_enter_ids(struct service *service, const struct id_map *map, struct error **err);

int serve_check(struct service *service, struct error **err);
int serve_export(struct service *service, struct error **err);
int serve_inflate(struct service *service, struct error **err);
int serve_unpack(struct service *service, struct error **err);

struct helper_verb {
	const char *name; /* NULL ends a table */
	int (*serve)(struct service *service, struct error **err);
};

/* Defined in cache/, the layer above. */
extern const struct helper_verb cache_verbs[];

/* The whole program; the exit status.  A start by hand is refused.  `more`: verbs of layers above.
 */
int helper_main(int argc, char **argv, const struct helper_verb *more);

#endif
