/* remove.h - a whole tree taken away, whatever its modes and depth */
#ifndef OCIFP_LAYER_REMOVE_H
#define OCIFP_LAYER_REMOVE_H

/* Empties the directory; -1 with errno. */
int remove_children(int fd);

#endif
