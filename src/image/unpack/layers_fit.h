/* layers_fit.h - whether layers in overlay form show what unpacking one over the other would
 *
 * A directory that a layer has no entry for, but makes for what is in it, would put its own mode
 * and owner over those of the directory below, or hide a symbolic link that ought to be followed.
 */
#ifndef OCIFP_IMAGE_UNPACK_LAYERS_FIT_H
#define OCIFP_IMAGE_UNPACK_LAYERS_FIT_H

#include <stddef.h>
#include <sys/types.h>

struct error;

/* `fds` are the layers' directories (store/layer_trees.h), the lowest first.  ERROR_CONTENT, class
 * "needs_flat", when they do not fit. */
int layers_check_fit(const int *fds, size_t count, struct error **err);

/* Of "/": that of the topmost layer with an entry for it, else 0755. */
int layers_find_root_mode(const int *fds, size_t count, mode_t *ret_mode, struct error **err);

#endif
