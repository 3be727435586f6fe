/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "ability.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/pack/pack.h"
#include "stream/sink.h"
#include "tree_room.h"

static struct digest
pack(const char *directory, const struct pack_options *wanted, struct pack_counts *ret_counts)
{
	AUTO_CLOSE int root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int tar_fd = open("t.tar", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct pack_options options = *wanted;
	AUTO_ERROR struct error *err = NULL;
	struct measure measure = { 0 };

	options.root_fd = root_fd;
	if (pack_tree(&options, sink_measure(&measure, sink_fd(tar_fd, "t.tar")), ret_counts,
		      &err) < 0)
		fail_msg("%s", error_text(err));
	return measure.digest;
}

static const struct pack_options plain = { 0 };

/* What GNU tar says of the tree's tar. */
static void
assert_lists(const char *directory, const struct pack_options *options, const char *expected)
{
	AUTO_BUF struct buf list = BUF_INIT(MIB);
	AUTO_ERROR struct error *err = NULL;
	struct pack_counts counts = { 0 };

	(void)pack(directory, options, &counts);
	shell("TZ=UTC LC_ALL=C tar --numeric-owner --full-time -tvf t.tar | tr -s ' ' >list");
	assert_int_equal(file_read(AT_FDCWD, "list", &list, &err), 0);
	assert_string_equal(list.data ? list.data : "", expected);
}

static void
assert_refused(const char *directory, const struct pack_options *wanted, enum error_kind kind,
	       const char *part)
{
	AUTO_CLOSE int root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pack_options options = *wanted;
	AUTO_ERROR struct error *err = NULL;
	struct pack_counts counts = { 0 };

	options.root_fd = root_fd;
	assert_int_equal(pack_tree(&options, sink_null(), &counts, &err), -1);
	assert_int_equal(error_kind(err), kind);
	if (!strstr(error_text(err), part))
		fail_msg("%s", error_text(err));
}

static void
members_come_by_bytes_each_folder_before_what_is_in_it(void **state)
{
	(void)state;
	shell("mkdir -p r/b/c r/a; cd r; touch b/c/z b-x Z a/1 \xc3\xa4; chmod 1777 a; chmod 4755 "
	      "Z");
	assert_lists("r", &plain,
		     "-rwsr-xr-x 0/0 0 1970-01-01 00:00:00 Z\n"
		     "drwxrwxrwt 0/0 0 1970-01-01 00:00:00 a/\n"
		     "-rw-r--r-- 0/0 0 1970-01-01 00:00:00 a/1\n"
		     "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 b/\n"
		     "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 b/c/\n"
		     "-rw-r--r-- 0/0 0 1970-01-01 00:00:00 b/c/z\n"
		     "-rw-r--r-- 0/0 0 1970-01-01 00:00:00 b-x\n"
		     "-rw-r--r-- 0/0 0 1970-01-01 00:00:00 \\303\\244\n");
}

static void
later_times_become_the_limit_and_are_whole_seconds(void **state)
{
	struct pack_options options = { .mtime_limit_s = 1700000000 };

	(void)state;
	shell("mkdir r; touch -d @1600000000.75 r/old; touch -d @1700000000.75 r/edge; touch "
	      "r/new; "
	      "touch -d @-5.5 r/before");
	assert_lists("r", &options,
		     "-rw-r--r-- 0/0 0 1969-12-31 23:59:54 before\n"
		     "-rw-r--r-- 0/0 0 2023-11-14 22:13:20 edge\n"
		     "-rw-r--r-- 0/0 0 2023-11-14 22:13:20 new\n"
		     "-rw-r--r-- 0/0 0 2020-09-13 12:26:40 old\n");
}

static void
owners_are_one_number_or_kept(void **state)
{
	struct pack_options numbers = { .uid = 1000, .gid = 3000000000 };
	struct pack_options kept = { .keep_owners = true };
	AUTO_FREE char *expected =
		xasprintf("-rw-r--r-- %u/%u 0 1970-01-01 00:00:00 f\n", geteuid(), getegid());

	(void)state;
	shell("mkdir r; touch r/f");
	assert_lists("r", &numbers, "-rw-r--r-- 1000/3000000000 0 1970-01-01 00:00:00 f\n");
	assert_lists("r", &kept, expected);
}

static void
a_link_is_packed_and_not_followed(void **state)
{
	(void)state;
	shell("mkdir r; ln -s /etc/passwd r/l; ln -s nowhere r/m");
	assert_lists("r", &plain,
		     "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 l -> /etc/passwd\n"
		     "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 m -> nowhere\n");
}

static void
of_hard_links_the_first_name_is_the_file(void **state)
{
	(void)state;
	shell("mkdir -p r/d; echo hello >r/z; ln r/z r/d/y; ln r/z r/e; ln -s x r/k; ln r/k r/n");
	assert_lists("r", &plain,
		     "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 d/\n"
		     "-rw-r--r-- 0/0 6 1970-01-01 00:00:00 d/y\n"
		     "hrw-r--r-- 0/0 0 1970-01-01 00:00:00 e link to d/y\n"
		     "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 k -> x\n"
		     "hrwxrwxrwx 0/0 0 1970-01-01 00:00:00 n link to k\n"
		     "hrw-r--r-- 0/0 0 1970-01-01 00:00:00 z link to d/y\n");
}

static void
fifos_are_kept_and_sockets_left_out_and_counted(void **state)
{
	struct pack_counts counts = { 0 };

	(void)state;
	shell("mkdir r; mkfifo -m 640 r/p");
	assert_int_equal(mknod("r/s", S_IFSOCK | 0600, 0), 0);
	assert_lists("r", &plain, "prw-r----- 0/0 0 1970-01-01 00:00:00 p\n");
	(void)pack("r", &plain, &counts);
	assert_int_equal(counts.sockets, 1);
	assert_int_equal(counts.members, 1);
}

static void
a_prefix_is_made_of_folders_that_everybody_may_enter(void **state)
{
	struct pack_options options = { .prefix = "opt/app", .uid = 7, .gid = 8 };

	(void)state;
	shell("mkdir -m 700 r; touch r/f");
	assert_lists("r", &options,
		     "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 opt/\n"
		     "drwxr-xr-x 7/8 0 1970-01-01 00:00:00 opt/app/\n"
		     "-rw-r--r-- 7/8 0 1970-01-01 00:00:00 opt/app/f\n");
}

static void
holes_are_zeros(void **state)
{
	(void)state;
	shell("mkdir r; printf x >r/sparse; truncate -s 700000 r/sparse; printf y >>r/sparse");
	assert_lists("r", &plain, "-rw-r--r-- 0/0 700001 1970-01-01 00:00:00 sparse\n");
	shell("tar -xOf t.tar sparse | cmp - r/sparse");
}

static void
content_of_any_size_is_whole(void **state)
{
	(void)state;
	shell("mkdir r; for n in 0 1 511 512 513 262143 262144 262145 524288; do "
	      "yes | head -c $n >r/$n; done");
	(void)pack("r", &plain, &(struct pack_counts){ 0 });
	shell("mkdir x; tar -xf t.tar -C x; diff -r r x");
}

/* False where the file system has none. */
static bool
set_xattr(const char *path, const char *name, const char *value)
{
	return setxattr(path, name, value, strlen(value), 0) == 0;
}

static void
attributes_of_users_are_kept_and_overlayfs_marks_are_not(void **state)
{
	struct digest with;
	struct digest marked;
	struct digest without;
	struct pack_counts counts;

	(void)state;
	need("user_xattrs");
	shell("mkdir -p r/d; touch r/f");
	without = pack("r", &plain, &counts);
	assert_true(set_xattr("r/f", "user.k", "v") && set_xattr("r/d", "user.a", ""));
	with = pack("r", &plain, &counts);
	shell("grep -aq 'SCHILY.xattr.user.k=v' t.tar; grep -aq 'SCHILY.xattr.user.a=$' t.tar");
	assert_true(set_xattr("r/d", "user.overlay.opaque", "y"));
	marked = pack("r", &plain, &counts);
	assert_false(digest_equal(&without, &with));
	assert_true(digest_equal(&with, &marked));
}

static void
an_attribute_that_no_tar_can_hold_is_refused(void **state)
{
	(void)state;
	need("user_xattrs");
	shell("mkdir r; touch r/f");
	assert_true(set_xattr("r/f", "user.a=b", "v"));
	assert_refused("r", &plain, ERROR_LOCAL, "'user.a=b' of 'f'");
}

static void
marks_of_an_upper_directory_become_whiteouts(void **state)
{
	struct pack_options upper = { .is_upper = true };

	(void)state;
	need("whiteout_devices user_xattrs");
	shell("mkdir -p r/d");
	assert_true(mknod("r/gone", S_IFCHR, makedev(0, 0)) == 0 &&
		    link("r/gone", "r/d/also") == 0 &&
		    set_xattr("r/d", "user.overlay.opaque", "y"));
	assert_lists("r", &upper,
		     "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 d/\n"
		     "---------- 0/0 0 1970-01-01 00:00:00 d/.wh..wh..opq\n"
		     "---------- 0/0 0 1970-01-01 00:00:00 d/.wh.also\n"
		     "---------- 0/0 0 1970-01-01 00:00:00 .wh.gone\n");
}

static void
a_name_that_means_a_deletion_is_refused(void **state)
{
	struct pack_options upper = { .is_upper = true };

	(void)state;
	shell("mkdir -p r/d; touch r/d/.wh.x");
	assert_refused("r", &plain, ERROR_LOCAL,
		       "cannot pack 'd/.wh.x': the name is reserved in layers");
	assert_refused("r", &upper, ERROR_LOCAL,
		       "cannot pack 'd/.wh.x': the name is reserved in layers");
}

/* A sink that does something to the tree when the first byte of content comes. */
struct meddler {
	struct sink sink;
	const char *script;
	size_t seen_bytes;
};

static int
meddler_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct meddler *self = (struct meddler *)sink;

	(void)bytes;
	(void)err;
	if (self->seen_bytes <= 512 && self->seen_bytes + size > 512)
		shell(self->script);
	self->seen_bytes += size;
	return 0;
}

static int
meddler_finish(struct sink *sink, struct error **err)
{
	(void)sink;
	(void)err;
	return 0;
}

static void
meddler_free(struct sink *sink)
{
	free(sink);
}

static struct sink *
meddler_new(const char *script)
{
	static const struct sink_ops ops = { meddler_write, meddler_finish, meddler_free };
	struct meddler *self = XNEW(struct meddler);

	self->sink.ops = &ops;
	self->script = script;
	return &self->sink;
}

static void
what_changes_while_it_is_read_is_refused(void **state)
{
	static const char *const scripts[] = {
		"echo more >>r/a",
		"truncate -s 300000 r/a",
		"touch r/a",
		"rm r/b",
		"rm r/b; mkfifo r/b",
		"rm r/b; ln -s a r/b",
		"rm r/b; echo new >r/b",
		"touch r/new",
		"mv r r2; mkdir r; touch r2/x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct pack_options options = { 0 };
		AUTO_ERROR struct error *err = NULL;
		struct pack_counts counts = { 0 };
		AUTO_CLOSE int root_fd = -1;

		shell("rm -rf r r2; mkdir r; head -c 600000 /dev/zero >r/a; echo b >r/b");
		root_fd = open("r", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		options.root_fd = root_fd;
		if (pack_tree(&options, meddler_new(scripts[i]), &counts, &err) == 0)
			fail_msg("%s: not noticed", scripts[i]);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		assert_string_equal(error_class(err), "source_changed");
	}
}

/* As test_tar_writer.c has it of the writer: this must never change. */
static void
a_tree_has_the_digest_that_it_always_had(void **state)
{
	struct pack_options options = { .mtime_limit_s = 1700000000 };
	struct pack_counts counts = { 0 };
	struct digest digest;

	(void)state;
	shell("mkdir -p r/bin r/etc; cd r; echo '#!/bin/sh' >bin/run; chmod 755 bin/run; "
	      "ln bin/run bin/again; ln -s bin/run start; echo name=value >etc/config; "
	      "touch -d @1500000000 etc/config; mkfifo pipe; touch $(printf 'n%0150d' 7)");
	digest = pack("r", &options, &counts);
	assert_string_equal(
		digest_text(&digest).text,
		"sha256:a6995bd526f23a7f55810ad48c6eb7ac6077115eee89df09d30d2db5f753db59");
}

static void
order_on_disk_umask_and_time_change_nothing(void **state)
{
	struct pack_counts counts = { 0 };
	struct digest one;
	struct digest other;

	(void)state;
	shell("mkdir r q; for n in $(seq 300); do echo $n >r/$n; done; ln r/7 r/x; "
	      "touch -d @1500000000 r/9; "
	      "umask 077; for n in x $(seq 300 -1 1); do [ $n = 7 ] || echo ${n#x} >q/$n; done; "
	      "echo 7 >q/x; ln q/x q/7; chmod 644 q/*");
	one = pack("r", &plain, &counts);
	other = pack("q", &plain, &counts);
	assert_true(digest_equal(&one, &other));
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(members_come_by_bytes_each_folder_before_what_is_in_it),
		IN_TREE(later_times_become_the_limit_and_are_whole_seconds),
		IN_TREE(owners_are_one_number_or_kept),
		IN_TREE(a_link_is_packed_and_not_followed),
		IN_TREE(of_hard_links_the_first_name_is_the_file),
		IN_TREE(fifos_are_kept_and_sockets_left_out_and_counted),
		IN_TREE(a_prefix_is_made_of_folders_that_everybody_may_enter),
		IN_TREE(holes_are_zeros),
		IN_TREE(content_of_any_size_is_whole),
		IN_TREE(attributes_of_users_are_kept_and_overlayfs_marks_are_not),
		IN_TREE(an_attribute_that_no_tar_can_hold_is_refused),
		IN_TREE(marks_of_an_upper_directory_become_whiteouts),
		IN_TREE(a_name_that_means_a_deletion_is_refused),
		IN_TREE(what_changes_while_it_is_read_is_refused),
		IN_TREE(a_tree_has_the_digest_that_it_always_had),
		IN_TREE(order_on_disk_umask_and_time_change_nothing),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
