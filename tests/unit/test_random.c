/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

static void
two_names_are_never_the_same(void **state)
{
	char *one = random_hex(8, NULL);
	char *other = random_hex(8, NULL);

	(void)state;
	assert_int_equal(strlen(one), 16);
	assert_int_equal(strspn(one, "0123456789abcdef"), 16);
	assert_string_not_equal(one, other);
	free(one);
	free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_names_are_never_the_same),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
