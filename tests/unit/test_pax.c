/* SPDX-License-Identifier: Apache-2.0 */
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

static size_t
count_records(const char *text, size_t size)
{
	AUTO_BUF struct buf records = BUF_INIT(PAX_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	struct pax_record record;
	size_t count = 0;
	char *at;

	assert_int_equal(buf_append(&records, text, size, &err), 0);
	at = records.data;
	while (pax_next(&at, records.data + records.size, &record))
		count++;
	return at == records.data + records.size ? count : 0;
}

static void
records_come_back_as_they_went(void **state)
{
	char text[] = "14 path=a b=c\n8 k=\0\n\xff\n5 k=\n";
	char *at = text;
	const char *end = text + sizeof(text) - 1;
	struct pax_record record;

	(void)state;
	assert_true(pax_next(&at, end, &record));
	assert_string_equal(record.key, "path");
	assert_string_equal(record.value, "a b=c");
	assert_true(pax_next(&at, end, &record));
	assert_int_equal(record.size, 3);
	assert_memory_equal(record.value, "\0\n\xff", 4);
	assert_true(pax_next(&at, end, &record));
	assert_int_equal(record.size, 0);
	assert_false(pax_next(&at, end, &record));
	assert_ptr_equal(at, end);
}

static void
damaged_records_end_the_list(void **state)
{
	static const char *const texts[] = {
		"6 k=v\n5 k\n",
		"7 k=v\n",
		"5 k=v\n",
		"06x k=v\n",
		"-6 k=v\n",
		"4 =v\n",
		"6 k=v",
		"k=v\n",
		"0 k=v\n",
		"3 \n",
		"99999999999999999999 k=v\n",
	};

	(void)state;
	assert_int_equal(count_records("6 k=v\n6 k=v\n", 12), 2);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (count_records(texts[i], strlen(texts[i])) > 0)
			fail_msg("'%s' was taken", texts[i]);
}

static void
a_time_before_1970_has_its_fraction(void **state)
{
	static const struct {
		const char *text;
		long seconds;
		long nanoseconds;
	} rows[] = {
		{ "0", 0, 0 },
		{ "1.5", 1, 500000000 },
		{ "-1", -1, 0 },
		{ "-1.5", -2, 500000000 },
		{ "-0.25", -1, 750000000 },
		{ "1.9999999999", 1, 999999999 },
		{ "-1.0000000001", -1, 0 },
	};
	static const char *const refused[] = { "",     "-",    "1e10",
					       "nan",  "--1",  ".5",
					       "1.5x", "1.-5", "9223372036854775807" };
	struct timespec time;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(pax_parse_time(rows[i].text, &time));
		assert_int_equal(time.tv_sec, rows[i].seconds);
		assert_int_equal(time.tv_nsec, rows[i].nanoseconds);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(pax_parse_time(refused[i], &time));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_length_key_and_value),
		cmocka_unit_test(the_length_counts_its_own_digits),
		cmocka_unit_test(a_value_may_hold_any_bytes),
		cmocka_unit_test(records_have_a_limit),
		cmocka_unit_test(records_come_back_as_they_went),
		cmocka_unit_test(damaged_records_end_the_list),
		cmocka_unit_test(a_time_before_1970_has_its_fraction),
	};

	return cmocka_run_group_tests_name("pax", tests, NULL, NULL);
}
