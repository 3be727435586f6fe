/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "auth_home.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "registry/auth/credentials.h"
#include "registry/auth/token_answer.h"
#include "registry/auth/token_cache.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))

static const struct credential me = { .username = TEXT("me"), .password = TEXT("pw") };
static const struct token_key key = {
	.origin = "https://a.example:443",
	.realm = "https://a.example/token",
	.service = "a",
	.scope = "repository:x:pull",
	.credential = &me,
};
static const struct token_answer answer = { .token = TEXT("t"), .life_s = 300 };

static bool
has(const char *path, const struct token_key *asked)
{
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new_at(path);
	AUTO_TOKEN_ANSWER struct token_answer found = { 0 };

	if (!token_cache_find(cache, asked, &found))
		return false;
	assert_string_equal(found.token, "t");
	assert_true(found.life_s > 290 && found.life_s <= 300);
	return true;
}

static char *
home_path(const char *name)
{
	return xasprintf("%s/%s", getenv("HOME"), name);
}

static void
keep(const char *path)
{
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new_at(path);

	token_cache_keep(cache, &key, &answer);
}

static void
a_kept_token_is_found_by_the_next_run(void **state)
{
	AUTO_FREE char *path = home_path("tokens");

	(void)state;
	assert_false(has(path, &key));
	keep(path);
	assert_true(has(path, &key));
	assert_int_equal(home_file_mode("tokens"), 0700);
}

static void
a_token_is_for_what_it_was_given_for(void **state)
{
	AUTO_FREE char *path = home_path("tokens");
	struct token_key other = key;
	const struct credential you = { .username = TEXT("me"), .password = TEXT("other") };

	(void)state;
	keep(path);
	other.origin = "https://b.example:443";
	assert_false(has(path, &other));
	other = key;
	other.realm = "https://b.example/token";
	assert_false(has(path, &other));
	other = key;
	other.service = NULL;
	assert_false(has(path, &other));
	other = key;
	other.scope = "repository:x:pull,push";
	assert_false(has(path, &other));
	other = key;
	other.credential = NULL;
	assert_false(has(path, &other));
	other.credential = &you;
	assert_false(has(path, &other));
}

static void
a_forgotten_token_is_gone(void **state)
{
	AUTO_FREE char *path = home_path("tokens");
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new_at(path);

	(void)state;
	keep(path);
	token_cache_forget(cache, &key);
	assert_false(has(path, &key));
}

static void
clearing_takes_every_token(void **state)
{
	AUTO_FREE char *path = home_path("tokens");
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new_at(path);

	(void)state;
	keep(path);
	token_cache_clear(cache);
	assert_false(has(path, &key));
}

static void
a_token_near_its_end_is_not_used(void **state)
{
	AUTO_FREE char *path = home_path("tokens");
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new_at(path);
	const struct token_answer short_lived = { .token = TEXT("t"), .life_s = 3 };

	(void)state;
	token_cache_keep(cache, &key, &short_lived);
	assert_false(has(path, &key));
}

static void
a_directory_that_others_may_enter_is_not_used(void **state)
{
	AUTO_FREE char *path = home_path("tokens");
	AUTO_FREE char *link = home_path("link");

	(void)state;
	keep(path);
	assert_int_equal(chmod(path, 0755), 0);
	assert_false(has(path, &key));
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(symlink("tokens", link), 0);
	assert_false(has(link, &key));
	assert_true(has(path, &key));
}

static void
the_challenge_of_a_host_is_kept_too(void **state)
{
	AUTO_FREE char *path = home_path("tokens");
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new_at(path);
	AUTO_KEPT_CHALLENGE struct kept_challenge found = { 0 };
	AUTO_KEPT_CHALLENGE struct kept_challenge basic = { 0 };
	const struct kept_challenge bearer = { .realm = TEXT("https://a.example/token") };

	(void)state;
	assert_false(token_cache_find_challenge(cache, "https://a.example:443", &found));
	token_cache_keep_challenge(cache, "https://a.example:443", &bearer);
	assert_true(token_cache_find_challenge(cache, "https://a.example:443", &found));
	assert_false(found.is_basic);
	assert_string_equal(found.realm, "https://a.example/token");
	assert_null(found.service);
	token_cache_keep_challenge(cache, "https://b.example:443",
				   &(struct kept_challenge){ .is_basic = true });
	assert_true(token_cache_find_challenge(cache, "https://b.example:443", &basic));
	assert_true(basic.is_basic);
	token_cache_forget_challenge(cache, "https://a.example:443");
	kept_challenge_release(&found);
	assert_false(token_cache_find_challenge(cache, "https://a.example:443", &found));
}

static void
under_actions_tokens_stay_with_the_job_or_nowhere(void **state)
{
	AUTO_FREE char *runner = home_path("runner");
	AUTO_TOKEN_CACHE struct token_cache *none = NULL;
	AUTO_TOKEN_CACHE struct token_cache *some = NULL;

	(void)state;
	assert_int_equal(setenv("GITHUB_ACTIONS", "true", 1), 0);
	none = token_cache_new();
	assert_null(none);
	assert_int_equal(setenv("RUNNER_TEMP", runner, 1), 0);
	some = token_cache_new();
	token_cache_keep(some, &key, &answer);
	assert_int_equal(home_file_mode("runner/ocifp-tokens"), 0700);
	assert_int_equal(access(".cache", F_OK), -1);
}

static bool
is_marked(const char *path, const char *origin)
{
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new_at(path);

	return token_cache_has_mark(cache, MARK_MIRROR_FAILED, origin);
}

/* Sets the times of all entries; `age_s` negative: in the future. */
static void
make_entries_older(const char *path, int age_s)
{
	AUTO_FREE char *command = xasprintf("touch -d '%d seconds ago' %s/*", age_s, path);

	assert_int_equal(system(command), 0);
}

static void
a_mark_counts_for_one_origin_and_some_minutes(void **state)
{
	AUTO_FREE char *path = home_path("tokens");
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new_at(path);

	(void)state;
	assert_false(is_marked(path, "https://m.example:443"));
	token_cache_keep_mark(cache, MARK_MIRROR_FAILED, "https://m.example:443");
	assert_true(is_marked(path, "https://m.example:443"));
	assert_false(is_marked(path, "https://m.example:444"));
	make_entries_older(path, MIRROR_VERDICT_S - 5);
	assert_true(is_marked(path, "https://m.example:443"));
	make_entries_older(path, MIRROR_VERDICT_S);
	assert_false(is_marked(path, "https://m.example:443"));
	make_entries_older(path, -60);
	assert_false(is_marked(path, "https://m.example:443"));
}

static void
without_a_cache_nothing_is_kept(void **state)
{
	AUTO_TOKEN_ANSWER struct token_answer found = { 0 };

	(void)state;
	token_cache_keep(NULL, &key, &answer);
	assert_false(token_cache_find(NULL, &key, &found));
}

#define AT_HOME(test) cmocka_unit_test_setup_teardown(test, enter_home, leave_home)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		AT_HOME(a_kept_token_is_found_by_the_next_run),
		AT_HOME(a_token_is_for_what_it_was_given_for),
		AT_HOME(a_forgotten_token_is_gone),
		AT_HOME(clearing_takes_every_token),
		AT_HOME(a_token_near_its_end_is_not_used),
		AT_HOME(a_directory_that_others_may_enter_is_not_used),
		AT_HOME(the_challenge_of_a_host_is_kept_too),
		AT_HOME(under_actions_tokens_stay_with_the_job_or_nowhere),
		AT_HOME(a_mark_counts_for_one_origin_and_some_minutes),
		AT_HOME(without_a_cache_nothing_is_kept),
	};

	return cmocka_run_group_tests_name("token cache", tests, NULL, NULL);
}
