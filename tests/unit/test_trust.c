/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/xalloc.h"
#include "http/trust.h"

struct certificates {
	char directory[32];
	char *bundle;
	char *hashed;
};

static void
touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

static int
set_up(void **state)
{
	struct certificates *self = XNEW(struct certificates);

	(void)snprintf(self->directory, sizeof(self->directory), "/tmp/test_trust.XXXXXX");
	assert_non_null(mkdtemp(self->directory));
	self->bundle = xasprintf("%s/bundle.crt", self->directory);
	self->hashed = xasprintf("%s/5ed36f99.0", self->directory);
	touch(self->bundle);
	touch(self->hashed);
	*state = self;
	return 0;
}

static int
tear_down(void **state)
{
	struct certificates *self = *state;

	(void)unlink(self->bundle);
	(void)unlink(self->hashed);
	(void)rmdir(self->directory);
	free(self->bundle);
	free(self->hashed);
	free(self);
	return 0;
}

static void
a_directory_written_with_its_bundle_suffices(void **state)
{
	const struct certificates *self = *state;

	assert_true(trust_directory_suffices(self->bundle, self->directory));
}

static void
a_bundle_of_another_day_is_heard(void **state)
{
	static const struct timespec another_day[2] = { { .tv_sec = 86400 }, { .tv_sec = 86400 } };
	const struct certificates *self = *state;

	assert_int_equal(utimensat(AT_FDCWD, self->bundle, another_day, 0), 0);
	assert_false(trust_directory_suffices(self->bundle, self->directory));
}

static void
a_directory_without_hashed_names_does_not_suffice(void **state)
{
	const struct certificates *self = *state;

	assert_int_equal(unlink(self->hashed), 0);
	assert_false(trust_directory_suffices(self->bundle, self->directory));
}

static void
what_is_missing_does_not_suffice(void **state)
{
	const struct certificates *self = *state;

	assert_false(trust_directory_suffices(NULL, self->directory));
	assert_false(trust_directory_suffices(self->bundle, NULL));
	assert_false(trust_directory_suffices("/nonexistent", self->directory));
	assert_false(trust_directory_suffices(self->bundle, "/nonexistent"));
}

static void
the_bundle_of_the_system_is_found(void **state)
{
	const char *bundle = trust_find_bundle();

	(void)state;
	if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) == 0)
		assert_string_equal(bundle, "/etc/ssl/certs/ca-certificates.crt");
	else
		assert_true(!bundle || access(bundle, R_OK) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_directory_written_with_its_bundle_suffices,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bundle_of_another_day_is_heard, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_directory_without_hashed_names_does_not_suffice,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_missing_does_not_suffice, set_up,
						tear_down),
		cmocka_unit_test(the_bundle_of_the_system_is_found),
	};

	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
