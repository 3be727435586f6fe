#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/pax.h"

static void
a_record_is_length_key_and_value(void **state)
{
	AUTO_BUF struct buf records = BUF_INIT(PAX_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(pax_add_text(&records, "path", "a b=c", &err), 0);
	assert_int_equal(pax_add_number(&records, "mtime", -17, &err), 0);
	assert_string_equal(records.data, "14 path=a b=c\n13 mtime=-17\n");
}

static void
the_length_counts_its_own_digits(void **state)
{
	(void)state;
	for (size_t size = 0; size < 1100; size++) {
		AUTO_BUF struct buf records = BUF_INIT(PAX_LIMIT_BYTES);
		AUTO_FREE char *value = xcalloc(1, size + 1);
		AUTO_ERROR struct error *err = NULL;

		memset(value, 'v', size);
		assert_int_equal(pax_add(&records, "k", value, size, &err), 0);
		assert_int_equal(strtoul(records.data, NULL, 10), records.size);
	}
}

static void
a_value_may_hold_any_bytes(void **state)
{
	AUTO_BUF struct buf records = BUF_INIT(PAX_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(pax_add(&records, "k", "\0\n\xff", 3, &err), 0);
	assert_int_equal(records.size, 8);
	assert_memory_equal(records.data, "8 k=\0\n\xff\n", 8);
}

static void
records_have_a_limit(void **state)
{
	size_t overhead = strlen("1048576 k=\n");
	AUTO_FREE char *value = xcalloc(1, PAX_LIMIT_BYTES);
	AUTO_BUF struct buf records = BUF_INIT(PAX_LIMIT_BYTES);
	AUTO_BUF struct buf refused = BUF_INIT(PAX_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(pax_add(&records, "k", value, PAX_LIMIT_BYTES - overhead, &err), 0);
	assert_int_equal(records.size, PAX_LIMIT_BYTES);
	assert_int_equal(pax_add(&refused, "k", value, PAX_LIMIT_BYTES - overhead + 1, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "limit");
	assert_int_equal(refused.size, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_length_key_and_value),
		cmocka_unit_test(the_length_counts_its_own_digits),
		cmocka_unit_test(a_value_may_hold_any_bytes),
		cmocka_unit_test(records_have_a_limit),
	};

	return cmocka_run_group_tests_name("pax", tests, NULL, NULL);
}
