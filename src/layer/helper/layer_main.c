/* SPDX-License-Identifier: Apache-2.0 */
/* ocifp-layer [--no-sandbox] [--walk] VERB: see ocifp-layer(8) */
#include "layer/helper/layer_helper.h"

#if defined(__SANITIZE_ADDRESS__)
/* LeakSanitizer traces the process, which the sandbox prevents at times; the unit tests look for
 * leaks in all that is linked here. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

int
main(int argc, char **argv)
{
	return helper_main(argc, argv, cache_verbs);
}
