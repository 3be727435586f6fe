/* remove_tree.h - a whole tree taken away, whatever its modes and depth */
#ifndef OCIFP_LAYER_HELPER_REMOVE_TREE_H
#define OCIFP_LAYER_HELPER_REMOVE_TREE_H

/* Empties the directory; -1 with errno. */
int remove_children(int fd);

#endif
