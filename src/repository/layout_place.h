/* layout_place.h - whether a layout can be made or written at a path */
#ifndef OCIFP_REPOSITORY_LAYOUT_PLACE_H
#define OCIFP_REPOSITORY_LAYOUT_PLACE_H

struct error;

/* The nearest directory that exists decides. */
int layout_check_place(const char *path, struct error **err);

#endif
