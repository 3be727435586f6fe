/* SPDX-License-Identifier: Apache-2.0 */
/* environment.h - environment variables of the caller; not used by a set-id program */
#ifndef OCIFP_BASE_ENVIRONMENT_H
#define OCIFP_BASE_ENVIRONMENT_H

/* NULL: not set, or empty. */
const char *environment_find(const char *name);

#endif
