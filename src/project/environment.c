#include "project/environment.h"

#include <stdlib.h>

const char *
environment_find(const char *name)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}
