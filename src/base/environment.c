/* SPDX-License-Identifier: Apache-2.0 */
#include "base/environment.h"

#include <stdlib.h>

#include "base/compat.h"

const char *
environment_find(const char *name)
{
	const char *value = process_is_privileged() ? NULL : getenv(name);

	return value && *value ? value : NULL;
}
