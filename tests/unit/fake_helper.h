/* SPDX-License-Identifier: Apache-2.0 */
/* fake_helper.h - another program in the place of ocifp-layer, and waits that are over at once
 *
 * To be linked with $(fake_helper_ldflags).
 */
#ifndef OCIFP_TESTS_FAKE_HELPER_H
#define OCIFP_TESTS_FAKE_HELPER_H

#include <stdbool.h>

/* While the check runs, the helper is this script; NULL: it is not installed. */
void with_helper(const char *script, void (*check)(void));

/* One that stops itself before it has read a thing. */
extern const char stopping_helper[];

/* A wait that nothing ends has passed. */
extern bool time_flies;

#endif
