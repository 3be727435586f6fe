/* SPDX-License-Identifier: Apache-2.0 */
#include "base/environment.h"

#include <stdlib.h>

const char *
environment_find(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}
