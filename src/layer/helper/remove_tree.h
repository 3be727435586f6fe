/* SPDX-License-Identifier: Apache-2.0 */
/* remove_tree.h - removes a tree of any depth and modes */
#ifndef OCIFP_LAYER_HELPER_REMOVE_TREE_H
#define OCIFP_LAYER_HELPER_REMOVE_TREE_H

/* Empties the directory; -1 with errno. */
int remove_children(int fd);

#endif
