/* SPDX-License-Identifier: Apache-2.0 */
/* apply.h - unpacks one layer from the ring into a tree */
#ifndef OCIFP_LAYER_HELPER_APPLY_H
#define OCIFP_LAYER_HELPER_APPLY_H

struct error;
struct ring;
struct tree;

/* Reads the ring up to the end of the layer. */
int apply_layer(struct tree *tree, struct ring *ring, struct error **err);

#endif
