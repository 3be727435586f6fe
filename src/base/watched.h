/* SPDX-License-Identifier: Apache-2.0 */
/* watched.h - descriptors that end another wait as soon as they are readable */
#ifndef OCIFP_BASE_WATCHED_H
#define OCIFP_BASE_WATCHED_H

#include <stddef.h>

#include "base/limits.h"

struct watched {
	int fds[UNPACKERS_LIMIT_COUNT];
	size_t count;
};

#endif
