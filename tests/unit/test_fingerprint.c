/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ability.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "fingerprint/fingerprint.h"
#include "tree_room.h"

/* Awkward names, both kinds of order ("sub.y" before "sub/x"), and what never enters. */
static const char golden_tree[] = "mkdir -p src/sub src/hollow src/.git\n"
				  "printf 'FROM scratch\\n' >Dockerfile\n"
				  "printf '#!/bin/sh\\necho hi\\n' >install.sh\n"
				  "chmod 755 install.sh\n"
				  "printf space >'src/a b'\n"
				  "printf newline >'src/new\nline'\n"
				  "printf bytes >\"src/$(printf '\\377\\376')\"\n"
				  ": >src/empty\n"
				  "ln -s ../install.sh src/link\n"
				  "printf x >src/sub/x\n"
				  "printf y >src/sub.y\n"
				  "printf z >src/.git/HEAD\n"
				  "printf z >src/.ocifp.lock\n";

struct given {
	enum fingerprint_scheme scheme;
	const char *paths[8];
	const char *optional[2];
	const char *exclude[2];
	bool tracked;
	struct {
		const char *key, *value;
	} args[4];
};

static void
add_all(struct strings *strings, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count && texts[i]; i++)
		strings_add(strings, texts[i]);
}

static void
prepare(struct fingerprint_inputs *inputs, const struct given *given)
{
	*inputs = (struct fingerprint_inputs){ .scheme = given->scheme,
					       .directory = ".",
					       .tracked = given->tracked };
	add_all(&inputs->paths, given->paths, 8);
	add_all(&inputs->optional, given->optional, 2);
	add_all(&inputs->exclude, given->exclude, 2);
	for (size_t i = 0; i < 4 && given->args[i].key; i++)
		fingerprint_pairs_add(&inputs->args, given->args[i].key, given->args[i].value);
}

static struct digest_text
compute_inputs(const struct fingerprint_inputs *inputs, struct buf *record)
{
	AUTO_ERROR struct error *err = NULL;
	struct fingerprint fingerprint;

	if (fingerprint_compute(inputs, record, &fingerprint, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(fingerprint.scheme, inputs->scheme);
	return digest_hex(&fingerprint.digest);
}

static struct digest_text
compute(const struct given *given)
{
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs;

	prepare(&inputs, given);
	return compute_inputs(&inputs, NULL);
}

static struct digest_text
compute_path(const char *path)
{
	return compute(&(struct given){ .paths = { path } });
}

/* The expected digests come from another program, and from find, sort, cat and openssl. */
static void
known_trees_have_known_fingerprints(void **state)
{
	static const struct {
		struct given given;
		const char *hex;
	} cases[] = {
		{ { .paths = { "Dockerfile", "install.sh" } },
		  "becb394536b9b0e1b5d82ffa9c812b1084e1aa6cef7c39b5e88ba042da3b7985" },
		{ { .paths = { "install.sh", "Dockerfile" } },
		  "becb394536b9b0e1b5d82ffa9c812b1084e1aa6cef7c39b5e88ba042da3b7985" },
		{ { .paths = { "Dockerfile", "install.sh", "src" } },
		  "78740baed5ad8235d031957ea4c532c5b5b91b3594c131196ac1357145f71b5a" },
		{ { .paths = { "./src//sub/x", "src/", "src", "Dockerfile", ".//install.sh" } },
		  "78740baed5ad8235d031957ea4c532c5b5b91b3594c131196ac1357145f71b5a" },
		{ { .paths = { "." } },
		  "78740baed5ad8235d031957ea4c532c5b5b91b3594c131196ac1357145f71b5a" },
		{ { .paths = { "Dockerfile" },
		    .args = { { "B", "2" }, { "A", "1=1" }, { "C", "" } } },
		  "2a576c8277401662e61aa918090b21e24953369590c718ae91e12c7e8e1fc1e2" },
		{ { .args = { { "A", "1" } } },
		  "5c7c8d80376c4f957abe667cd5a68f05e8f3f12cdc83fe330784b62dcabf3d24" },
		{ { .scheme = SCHEME_CONCAT, .paths = { "install.sh", "src", "Dockerfile" } },
		  "1de1787d30330dd8986c3516c50cdee7fa871a5741ece475929ff5c3e8623392" },
		{ { .scheme = SCHEME_CONCAT, .paths = { "src/", "Dockerfile", "install.sh" } },
		  "f4af7b908c40a25eba340d01b4e942797615ee757c749ac19658bb43f96570c8" },
		{ { .scheme = SCHEME_CONCAT, .paths = { "src" } },
		  "4f3233e56e222775252f3402dde2b2422e1327b6a50a8d0c4e251d2a8bdf0988" },
		{ { .scheme = SCHEME_CONCAT, .paths = { "Dockerfile" } },
		  "bb57c7da220a8753d7bdabac0d3afdb6efa742e4c736c5bc93ab40dfd5e23b9b" },
	};

	(void)state;
	shell(golden_tree);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(compute(&cases[i].given).text, cases[i].hex);
}

static void
pins_and_needs_stand_behind_args_in_byte_order(void **state)
{
	static const char hex_a[] =
		"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const char hex_b[] =
		"tree bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
	static const char hex_c[] =
		"concat cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs;

	(void)state;
	shell(golden_tree);
	prepare(&inputs, &(struct given){ .paths = { "Dockerfile" } });
	fingerprint_pairs_add(&inputs.pins, "docker.io/library/debian:bookworm-slim", hex_a);
	fingerprint_pairs_add(&inputs.needs, "base", hex_b);
	fingerprint_pairs_add(&inputs.needs, "aaa", hex_c);
	assert_string_equal(compute_inputs(&inputs, NULL).text,
			    "50cbb36d449af8a4c749cf64982f91c2cb6f4d011827cc443d3a55d3817c6a10");
}

static void
digest_of_the_published_record_is_the_fingerprint(void **state)
{
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs;
	AUTO_BUF struct buf record = BUF_INIT(RECORD_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	struct digest_text hex;
	struct digest digest;

	(void)state;
	shell(golden_tree);
	prepare(&inputs, &(struct given){ .paths = { "src" }, .args = { { "A", "1" } } });
	assert_int_equal(buf_append_text(&record, "what was there before", &err), 0);
	hex = compute_inputs(&inputs, &record);
	digest = digest_of(DIGEST_SHA256, record.data, record.size);
	assert_string_equal(digest_hex(&digest).text, hex.text);
}

static void
record_of_concat_lists_files_in_the_order_of_the_stream(void **state)
{
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs;
	AUTO_BUF struct buf record = BUF_INIT(RECORD_LIMIT_BYTES);
	struct digest_text with;
	struct digest_text without;

	(void)state;
	shell(golden_tree);
	prepare(&inputs, &(struct given){ .scheme = SCHEME_CONCAT,
					  .paths = { "install.sh", "Dockerfile", "src/sub" } });
	with = compute_inputs(&inputs, &record);
	without = compute_inputs(&inputs, NULL);
	assert_string_equal(with.text, without.text);
	assert_memory_equal(record.data, "ocifp-concat-1\n100755 18 ", 25);
	assert_non_null(memmem(record.data, record.size,
			       " install.sh\0"
			       "100644 13 ",
			       22));
	assert_memory_equal(record.data + record.size - 11, " src/sub/x", 11);
}

static void
concat_keeps_repetitions_and_spelling_as_the_shell_would(void **state)
{
	struct digest_text once;
	struct digest_text twice;
	struct digest_text spelled;

	(void)state;
	shell("mkdir a b; printf 1 >a/f; printf 2 >b/f; printf 3 >named");
	once = compute(&(struct given){ .scheme = SCHEME_CONCAT, .paths = { "named" } });
	twice = compute(&(struct given){ .scheme = SCHEME_CONCAT, .paths = { "named", "named" } });
	assert_string_not_equal(once.text, twice.text);
	/* "./b/f" sorts before "a/f". */
	spelled = compute(&(struct given){ .scheme = SCHEME_CONCAT, .paths = { "a", "./b" } });
	shell("printf 21 >expected");
	once = compute(&(struct given){ .scheme = SCHEME_CONCAT, .paths = { "expected" } });
	assert_string_equal(spelled.text, once.text);
}

static void
concat_follows_a_link_to_a_directory_only_as_find_does(void **state)
{
	struct digest_text named;
	struct digest_text followed;
	struct digest_text empty;

	(void)state;
	shell("mkdir real; printf 1 >real/f; ln -s real link; : >empty; printf 1 >one");
	named = compute(&(struct given){ .scheme = SCHEME_CONCAT, .paths = { "link" } });
	followed = compute(&(struct given){ .scheme = SCHEME_CONCAT, .paths = { "link/" } });
	empty = compute(&(struct given){ .scheme = SCHEME_CONCAT, .paths = { "empty" } });
	assert_string_equal(named.text, empty.text);
	empty = compute(&(struct given){ .scheme = SCHEME_CONCAT, .paths = { "one" } });
	assert_string_equal(followed.text, empty.text);
}

/* Each line changes the tree `in`; the fingerprint must follow, or must not. */
static void
edits_that_matter_change_it_and_no_others(void **state)
{
	static const struct {
		const char *edit;
		bool matters;
	} cases[] = {
		{ "printf X >in/a", true },
		{ "chmod u+x in/a", true },
		{ "ln -sfn b in/link", true },
		{ "mv in/a in/c", true },
		{ ": >in/new", true },
		{ "rm in/a", true },
		{ "rm in/link; printf a >in/link", true },
		{ "printf ab >in/a", true },
		{ "mkdir in/d; mv in/a in/d/a", true },
		{ "chmod g+x,o+x,g+w in/a", false },
		{ "touch -d 2001-01-01 in/a in", false },
		{ "mkdir in/hollow", false },
		{ "mkdir in/.git; : >in/.git/x", false },
		{ ": >in/.ocifp.lock", false },
		{ "ln in/a hard", false },
		{ "mv in/a t; cat t >in/a; chmod 644 in/a", false },
		{ "mv in real; ln -s real in", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct digest_text before;
		struct digest_text after;

		shell("chmod -R u+w .; rm -rf in real hard t; mkdir in; printf a >in/a;"
		      "printf b >in/b; ln -s a in/link");
		before = compute_path("in");
		shell(cases[i].edit);
		after = compute_path("in");
		if ((strcmp(before.text, after.text) != 0) != cases[i].matters)
			fail_msg("%s", cases[i].edit);
	}
}

static void
optional_and_excluded_inputs_may_be_missing(void **state)
{
	struct digest_text with;
	struct digest_text without;

	(void)state;
	shell("mkdir in; printf 1 >in/a; printf 2 >in/ab; mkdir in/d; printf 3 >in/d/x");
	with = compute(&(struct given){ .paths = { "in", "none" }, .optional = { "./none" } });
	assert_string_equal(with.text, compute_path("in").text);
	with = compute(&(struct given){ .paths = { "in", "gone" }, .exclude = { "in/a", "gone" } });
	without = compute(&(struct given){ .paths = { "in/ab", "in/d" } });
	assert_string_equal(with.text, without.text);
	with = compute(&(struct given){ .paths = { "in" }, .exclude = { "in/d/" } });
	without = compute(&(struct given){ .paths = { "in/ab", "in/a" } });
	assert_string_equal(with.text, without.text);
}

static void
only_what_git_tracks_enters(void **state)
{
	struct digest_text tracked;
	struct digest_text whole;

	(void)state;
	shell("git init -q .; mkdir in in/d; printf 1 >in/a; printf 2 >'in/d/b *'; printf 3 >in-z;"
	      "ln -s a in/link; git add .");
	whole = compute(&(struct given){ .paths = { "in", "in-z" } });
	shell("printf 4 >in/new; printf 5 >in/d/other");
	tracked = compute(&(struct given){ .paths = { "in", "in-z" }, .tracked = true });
	assert_string_equal(tracked.text, whole.text);
	tracked = compute(&(struct given){ .paths = { "in/d/b *" }, .tracked = true });
	assert_string_equal(tracked.text, compute_path("in/d/b *").text);
}

static void
refused_inputs_say_why(void **state)
{
	static const struct {
		struct given given;
		const char *prepare;
		enum error_kind kind;
		const char *text;
	} cases[] = {
		{ { .paths = { "/etc/passwd" } }, "", ERROR_USAGE, "'/etc/passwd' is absolute" },
		{ { .paths = { "a/../b" } }, "", ERROR_USAGE, "contains '..'" },
		{ { .paths = { "" } }, "", ERROR_USAGE, "is empty" },
		{ { .paths = { "none" } }, "", ERROR_USAGE, "'none' is missing" },
		{ { .paths = { "a/none" } }, ": >a", ERROR_USAGE, "is missing" },
		{ { .paths = { "x" } }, "ln -s nowhere x", ERROR_USAGE, "is a dangling link" },
		{ { .paths = { "x" }, .optional = { "x" } },
		  "ln -s nowhere x",
		  ERROR_USAGE,
		  "is a dangling link" },
		{ { .paths = { "x" } }, "ln -s x x", ERROR_LOCAL, "'x'" },
		{ { .paths = { "x" } },
		  "ln -s /etc x",
		  ERROR_USAGE,
		  "link that leaves the project directory" },
		{ { .paths = { "x" } }, "mkfifo x", ERROR_USAGE, "a socket, a FIFO or a device" },
		{ { .paths = { "d" } }, "mkdir d; mkfifo d/x", ERROR_USAGE, "'d/x' is a socket" },
		{ { .scheme = SCHEME_CONCAT, .paths = { "x" } }, "mkfifo x", ERROR_USAGE, "FIFO" },
		{ { .paths = { "/dev/null" } }, "", ERROR_USAGE, "absolute" },
		{ { .paths = { "x" } }, "ln -s /dev/null x", ERROR_USAGE, "device" },
		{ { .paths = { ".git" } }, "mkdir .git", ERROR_USAGE, "cannot be an input" },
		{ { .paths = { "a/.ocifp.lock" } }, "", ERROR_USAGE, "cannot be an input" },
		{ { .paths = { "a" }, .optional = { "b" } },
		  ": >a",
		  ERROR_USAGE,
		  "not among the inputs" },
		{ { .paths = { "a" }, .exclude = { "../b" } }, ": >a", ERROR_USAGE, "'..'" },
		{ { 0 }, "", ERROR_USAGE, "at least one input" },
		{ { .args = { { "A", "1" }, { "A", "2" } } },
		  "",
		  ERROR_USAGE,
		  "'A' is given twice" },
		{ { .args = { { "A=", "1" } } }, "", ERROR_USAGE, "invalid argument name 'A='" },
		{ { .args = { { "1A", "1" } } }, "", ERROR_USAGE, "invalid argument name '1A'" },
		{ { .args = { { "", "1" } } }, "", ERROR_USAGE, "invalid argument name" },
		{ { .scheme = SCHEME_CONCAT, .paths = { "a" }, .exclude = { "b" } },
		  ": >a",
		  ERROR_USAGE,
		  "the scheme 'concat' does not support 'exclude'" },
		{ { .scheme = SCHEME_CONCAT, .paths = { "a" }, .args = { { "A", "1" } } },
		  ": >a",
		  ERROR_USAGE,
		  "the scheme 'concat' does not support 'args'" },
		{ { .scheme = SCHEME_CONCAT, .paths = { "a" }, .tracked = true },
		  ": >a",
		  ERROR_USAGE,
		  "the scheme 'concat' does not support 'tracked'" },
		{ { .paths = { "a" }, .tracked = true },
		  ": >a",
		  ERROR_USAGE,
		  "not in a git repository" },
		{ { .paths = { "a" }, .tracked = true },
		  "git init -q .; : >a",
		  ERROR_USAGE,
		  "'a' is not tracked" },
		{ { .paths = { "d" }, .tracked = true },
		  "git init -q .; mkdir d; : >d/a; : >d/b; git add d; rm d/a",
		  ERROR_USAGE,
		  "'d/a' is missing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs;
		AUTO_ERROR struct error *err = NULL;
		struct fingerprint fingerprint;

		shell("rm -rf .git .ocifp.lock ./*");
		shell(cases[i].prepare);
		prepare(&inputs, &cases[i].given);
		if (fingerprint_compute(&inputs, NULL, &fingerprint, &err) == 0)
			fail_msg("taken: %s", cases[i].text);
		if (!strstr(error_text(err), cases[i].text) || error_kind(err) != cases[i].kind)
			fail_msg("not '%s': %s", cases[i].text, error_text(err));
	}
}

static void
unreadable_file_is_told_by_name(void **state)
{
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs;
	AUTO_ERROR struct error *err = NULL;
	struct fingerprint fingerprint;

	(void)state;
	need("ordinary_user");
	shell("mkdir d; : >d/a; : >d/b; : >d/c; chmod 0 d/b d/c");
	prepare(&inputs, &(struct given){ .paths = { "d" } });
	assert_int_equal(fingerprint_compute(&inputs, NULL, &fingerprint, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_non_null(strstr(error_text(err), "'d/b'"));
}

static void
record_beyond_its_limit_is_refused_and_left_empty(void **state)
{
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs;
	AUTO_BUF struct buf record = BUF_INIT(60);
	AUTO_ERROR struct error *err = NULL;
	struct fingerprint fingerprint;

	(void)state;
	shell(": >a");
	prepare(&inputs, &(struct given){ .paths = { "a" } });
	assert_int_equal(fingerprint_compute(&inputs, &record, &fingerprint, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_int_equal(record.size, 0);
}

static void
deep_trees_take_few_descriptors(void **state)
{
	struct rlimit before;
	struct rlimit few = { .rlim_cur = 32 };
	struct digest_text hex;

	(void)state;
	shell("i=0; p=d; while [ $i -lt 900 ]; do p=$p/d; i=$((i + 1)); done; mkdir -p $p;"
	      ": >$p/f");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	hex = compute_path("d");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(strlen(hex.text), FINGERPRINT_HEX_CHARS);
}

static void
tag_is_the_start_of_the_digits(void **state)
{
	struct fingerprint fingerprint = { .digest = digest_of(DIGEST_SHA256, "", 0) };
	AUTO_FREE char *tag = fingerprint_tag(&fingerprint, FINGERPRINT_LENGTH_DEFAULT);
	AUTO_FREE char *whole = fingerprint_tag(&fingerprint, FINGERPRINT_HEX_CHARS);

	(void)state;
	assert_string_equal(tag, "e3b0c44298fc");
	assert_int_equal(strlen(whole), 64);
}

static void
schemes_have_names(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	enum fingerprint_scheme scheme;

	(void)state;
	assert_int_equal(fingerprint_scheme_parse("concat", &scheme, &err), 0);
	assert_int_equal(scheme, SCHEME_CONCAT);
	assert_int_equal(fingerprint_scheme_parse("tree", &scheme, &err), 0);
	assert_int_equal(scheme, SCHEME_TREE);
	assert_int_equal(fingerprint_scheme_parse("Tree", &scheme, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(known_trees_have_known_fingerprints),
		IN_TREE(pins_and_needs_stand_behind_args_in_byte_order),
		IN_TREE(digest_of_the_published_record_is_the_fingerprint),
		IN_TREE(record_of_concat_lists_files_in_the_order_of_the_stream),
		IN_TREE(concat_keeps_repetitions_and_spelling_as_the_shell_would),
		IN_TREE(concat_follows_a_link_to_a_directory_only_as_find_does),
		IN_TREE(edits_that_matter_change_it_and_no_others),
		IN_TREE(optional_and_excluded_inputs_may_be_missing),
		IN_TREE(only_what_git_tracks_enters),
		IN_TREE(refused_inputs_say_why),
		IN_TREE(unreadable_file_is_told_by_name),
		IN_TREE(record_beyond_its_limit_is_refused_and_left_empty),
		IN_TREE(deep_trees_take_few_descriptors),
		cmocka_unit_test(tag_is_the_start_of_the_digits),
		cmocka_unit_test(schemes_have_names),
	};

	return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
