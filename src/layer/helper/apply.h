/* apply.h - one layer from the ring into a tree */
#ifndef OCIFP_LAYER_HELPER_APPLY_H
#define OCIFP_LAYER_HELPER_APPLY_H

struct error;
struct ring;
struct tree;

/* Up to the layer's end in the ring, which is then at the next. */
int apply_layer(struct tree *tree, struct ring *ring, struct error **err);

#endif
