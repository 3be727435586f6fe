/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "ability.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/trust/signing_key.h"
#include "tree_room.h"

/* A key, made as long as that. */
static int
read_key_of(size_t size)
{
	AUTO_FREE char *script =
		xasprintf("{ cat short.pub; head -c %zu /dev/zero | tr '\\0' '\\n'; } | "
			  "head -c %zu >key.pub",
			  size, size);
	AUTO_SIGNING_KEYS struct signing_keys keys = { 0 };
	AUTO_ERROR struct error *failure = NULL;
	int ret;

	shell(script);
	ret = signing_keys_add_public(&keys, "key.pub", &failure);
	assert_int_equal(keys.count, ret == 0);
	return ret;
}

static void
a_file_of_a_key_has_a_limit(void **state)
{
	(void)state;
	need("openssl");
	shell("openssl ecparam -name prime256v1 -genkey "
	      "-noout | "
	      "openssl ec -pubout -out short.pub 2>/dev/null");
	assert_int_equal(read_key_of(KEY_FILE_LIMIT_BYTES), 0);
	assert_int_equal(read_key_of(KEY_FILE_LIMIT_BYTES + 1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_of_a_key_has_a_limit, enter_tree,
						leave_tree),
	};

	return cmocka_run_group_tests_name("signing_key", tests, NULL, NULL);
}
