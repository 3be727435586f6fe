/* environment.h - a variable that somebody else set */
#ifndef OCIFP_PROJECT_ENVIRONMENT_H
#define OCIFP_PROJECT_ENVIRONMENT_H

/* NULL: not set, or empty. */
const char *environment_find(const char *name);

#endif
