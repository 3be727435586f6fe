/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "fingerprint/input_files.h"
#include "fingerprint/record.h"
#include "fingerprint/record_writer.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEX_2 "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"

#define RECORD(text) (text), sizeof(text) - 1

static void
entries_come_back_as_they_were_written(void **state)
{
	char bytes[] = "ocifp-tree-1\n"
		       "100644 0 " HEX " a b\0"
		       "120000 12 " HEX " new\nline\0"
		       "arg A=1=1\0"
		       "arg B=\0"
		       "image docker.io/library/debian:12 sha256:" HEX "\0"
		       "needs base tree " HEX "\0";
	AUTO_RECORD struct record record = { 0 };
	AUTO_ERROR struct error *err = NULL;
	const struct record_entry *entry;

	(void)state;
	assert_int_equal(record_parse(bytes, sizeof(bytes) - 1, &record, &err), 0);
	assert_int_equal(record.scheme, SCHEME_TREE);
	assert_int_equal(record.count, 6);
	entry = record.entries;
	assert_string_equal(entry[0].key, "a b");
	assert_memory_equal(entry[0].value, "100644 0 " HEX, entry[0].value_size);
	assert_int_equal(entry[0].value_size, 9 + 64);
	assert_string_equal(entry[1].key, "new\nline");
	assert_int_equal(entry[2].kind, RECORD_ARG);
	assert_string_equal(entry[2].key, "A");
	assert_string_equal(entry[2].value, "1=1");
	assert_int_equal(entry[3].value_size, 0);
	assert_int_equal(entry[4].kind, RECORD_IMAGE);
	assert_string_equal(entry[4].key, "docker.io/library/debian:12");
	assert_string_equal(entry[5].key, "base");
	assert_string_equal(entry[5].value, "tree " HEX);
}

static void
what_is_no_record_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{ RECORD("") },
		{ RECORD("ocifp-tree-2\n") },
		{ RECORD("ocifp-tree-1") },
		{ RECORD("ocifp-tree-1\n100644 0 " HEX " a") },
		{ RECORD("ocifp-tree-1\n\0") },
		{ RECORD("ocifp-tree-1\n100600 0 " HEX " a\0") },
		{ RECORD("ocifp-tree-1\n100644  " HEX " a\0") },
		{ RECORD("ocifp-tree-1\n100644 -1 " HEX " a\0") },
		{ RECORD("ocifp-tree-1\n100644 0 " HEX "0 a\0") },
		{ RECORD("ocifp-tree-1\n100644 0 abc a\0") },
		{ RECORD("ocifp-tree-1\n100644 0 " HEX " \0") },
		{ RECORD("ocifp-tree-1\n100644 0 " HEX "\0") },
		{ RECORD("ocifp-tree-1\narg A\0") },
		{ RECORD("ocifp-tree-1\narg =A\0") },
		{ RECORD("ocifp-tree-1\nneeds base\0") },
		{ RECORD("ocifp-tree-1\nother a b\0") },
		{ RECORD("<html></html>\n\0") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_FREE char *bytes = xcalloc(1, cases[i].size + 1);
		AUTO_RECORD struct record record = { 0 };
		AUTO_ERROR struct error *err = NULL;

		memcpy(bytes, cases[i].bytes, cases[i].size);
		if (record_parse(bytes, cases[i].size, &record, &err) == 0)
			fail_msg("case %zu was taken", i);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
	}
}

static void
note_difference(void *context, enum record_change change, const struct record_entry *before,
		const struct record_entry *after)
{
	static const char signs[] = {
		[RECORD_ADDED] = '+', [RECORD_REMOVED] = '-', [RECORD_CHANGED] = '*'
	};
	char *text = context;
	size_t size = strlen(text);

	assert_int_equal(!before, change == RECORD_ADDED);
	assert_int_equal(!after, change == RECORD_REMOVED);
	(void)snprintf(text + size, 200 - size, "%c%s ", signs[change],
		       (before ? before : after)->key);
}

static void
differences_come_in_order_of_kind_and_key(void **state)
{
	char old_bytes[] = "ocifp-tree-1\n"
			   "100644 0 " HEX " changed\0"
			   "100644 0 " HEX " gone\0"
			   "100644 0 " HEX " mode\0"
			   "100644 0 " HEX " same\0"
			   "arg A=1\0"
			   "arg B=1\0"
			   "needs base tree " HEX "\0";
	char new_bytes[] = "ocifp-tree-1\n"
			   "100644 1 " HEX_2 " changed\0"
			   "100755 0 " HEX " mode\0"
			   "100644 0 " HEX " new\0"
			   "100644 0 " HEX " same\0"
			   "arg A=1\0"
			   "arg B=2\0"
			   "image x.y/z sha256:" HEX "\0"
			   "needs base tree " HEX "\0";
	AUTO_RECORD struct record before = { 0 };
	AUTO_RECORD struct record after = { 0 };
	AUTO_ERROR struct error *err = NULL;
	char text[200] = "";

	(void)state;
	assert_int_equal(record_parse(old_bytes, sizeof(old_bytes) - 1, &before, &err), 0);
	assert_int_equal(record_parse(new_bytes, sizeof(new_bytes) - 1, &after, &err), 0);
	assert_int_equal(record_compare(&before, &after, note_difference, text), 6);
	assert_string_equal(text, "*changed -gone *mode +new *B +x.y/z ");
	assert_int_equal(record_compare(&after, &after, note_difference, text), 0);
}

/* A small deterministic generator: the property must hold for any sequence. */
static uint32_t
next_random(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % below;
}

#define FILES_MAX 3

struct sample {
	struct input_files files;
	struct input_file items[FILES_MAX];
	char paths[FILES_MAX][64];
};

/* Pieces of what a record is made of, so that a wrong boundary would collide soon. */
static void
make_sample(uint32_t *seed, struct sample *sample)
{
	static const char *const pieces[] = { "a", "b", " ", "\n", "=", "100644 0 ", "arg A" };

	memset(sample, 0, sizeof(*sample));
	sample->files.items = sample->items;
	sample->files.count = next_random(seed, FILES_MAX + 1);
	for (size_t i = 0; i < sample->files.count; i++) {
		struct input_file *file = &sample->items[i];
		size_t size = 0;

		for (uint32_t left = 1 + next_random(seed, 2); left > 0; left--)
			size += (size_t)snprintf(sample->paths[i] + size, 64 - size, "%s",
						 pieces[next_random(seed, 7)]);
		file->path = sample->paths[i];
		file->mode = next_random(seed, 2) ? INPUT_PLAIN : INPUT_LINK;
		file->size = next_random(seed, 2);
	}
}

static bool
same_sample(const struct sample *a, const struct sample *b)
{
	if (a->files.count != b->files.count)
		return false;
	for (size_t i = 0; i < a->files.count; i++)
		if (strcmp(a->paths[i], b->paths[i]) != 0 || a->items[i].mode != b->items[i].mode ||
		    a->items[i].size != b->items[i].size)
			return false;
	return true;
}

static void
write_sample(struct sample *sample, struct buf *record)
{
	struct record_writer writer = { .record = record };
	AUTO_ERROR struct error *err = NULL;

	buf_clear(record);
	assert_int_equal(record_write_header(&writer, SCHEME_TREE, &err), 0);
	assert_int_equal(record_write_files(&writer, &sample->files, &err), 0);
}

static void
records_are_equal_only_for_equal_inputs(void **state)
{
	AUTO_BUF struct buf first = BUF_INIT(RECORD_LIMIT_BYTES);
	AUTO_BUF struct buf second = BUF_INIT(RECORD_LIMIT_BYTES);
	uint32_t seed = 1;
	unsigned equal_count = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct sample a;
		struct sample b;
		bool equal;

		make_sample(&seed, &a);
		make_sample(&seed, &b);
		write_sample(&a, &first);
		write_sample(&b, &second);
		equal = first.size == second.size &&
			memcmp(first.data, second.data, first.size) == 0;
		if (equal != same_sample(&a, &b))
			fail_msg("pair %u: %s %s", i, a.paths[0], b.paths[0]);
		equal_count += equal;
	}
	assert_true(equal_count > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_back_as_they_were_written),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(differences_come_in_order_of_kind_and_key),
		cmocka_unit_test(records_are_equal_only_for_equal_inputs),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
