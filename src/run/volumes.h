/* volumes.h - directories that outlive a run: .ocifp/volumes/NAME of the store */
#ifndef OCIFP_RUN_VOLUMES_H
#define OCIFP_RUN_VOLUMES_H

#include <stdbool.h>

struct error;
struct store;
struct strings;

#define STORE_VOLUMES ".ocifp/volumes"

/* Its absolute path, which the caller owns; made when it is not there. */
char *volume_make(struct store *store, const char *name, bool *ret_is_new, struct error **err);
int volumes_list(const struct store *store, struct strings *ret_names, struct error **err);

#endif
