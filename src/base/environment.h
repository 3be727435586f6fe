/* SPDX-License-Identifier: Apache-2.0 */
/* environment.h - a variable that somebody else set */
#ifndef OCIFP_BASE_ENVIRONMENT_H
#define OCIFP_BASE_ENVIRONMENT_H

/* NULL: not set, or empty. */
const char *environment_find(const char *name);

#endif
