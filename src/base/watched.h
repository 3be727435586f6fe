/* SPDX-License-Identifier: Apache-2.0 */
/* watched.h - descriptors that end somebody else's wait as soon as they can be read */
#ifndef OCIFP_BASE_WATCHED_H
#define OCIFP_BASE_WATCHED_H

#include <stddef.h>

#include "base/limits.h"

struct watched {
	int fds[UNPACKERS_LIMIT_COUNT];
	size_t count;
};

#endif
