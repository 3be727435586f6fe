/* SPDX-License-Identifier: Apache-2.0 */
/* ability.h - what a unit test needs of the machine and the user; tests/abilities has the probes */
#ifndef OCIFP_TESTS_ABILITY_H
#define OCIFP_TESTS_ABILITY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

/* tests/abilities: the test that asks has to be skipped. */
#define ABILITY_SKIP 77

/* At the head of a test.  tests/unit/run.sh puts the reason behind "# SKIP". */
static inline void
need(const char *name)
{
	const char *top = getenv("top_srcdir");
	char command[512];
	char why[512] = "";
	FILE *answer;
	int status;

	(void)snprintf(command, sizeof(command), "\"%s/tests/abilities\" %s", top ? top : "..",
		       name);
	answer = popen(command, "r"); /* NOLINT(cert-env33-c) */
	assert_non_null(answer);
	if (!fgets(why, sizeof(why), answer))
		why[0] = '\0';
	status = pclose(answer);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != ABILITY_SKIP)
		fail_msg("%s", why);
	(void)printf("# %s", why);
	(void)fflush(stdout);
	skip();
}

#endif
