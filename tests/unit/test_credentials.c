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
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "registry/auth/credentials.h"
#include "registry/registry.h"

#define DOCKER ".docker/config.json"
#define CONTAINERS ".config/containers/auth.json"
#define ME_PW "bWU6cHc="              /* me:pw */
#define YOU_S3CRET "eW91OnMzY3JldA==" /* you:s3cret */

static const struct registry_options no_flags;

/* "user:password source", "token:... source" or "anonymous"; the caller owns it. */
static char *
describe(const struct registry_options *options, const char *host)
{
	AUTO_CREDENTIAL struct credential found = { 0 };
	AUTO_ERROR struct error *err = NULL;
	bool is_found = true;

	if (credential_find(options, host, &found, &is_found, &err) < 0)
		fail_msg("%s", error_text(err));
	if (!is_found)
		return xstrdup("anonymous");
	if (found.registry_token)
		return xasprintf("registry:%s %s", found.registry_token, found.source);
	if (found.identity_token)
		return xasprintf("token:%s %s", found.identity_token, found.source);
	return xasprintf("%s:%s %s%s", found.username, found.password, found.source,
			 found.is_explicit ? "" : " (implicit)");
}

static void
assert_found(const char *host, const char *expected)
{
	AUTO_FREE char *found = describe(&no_flags, host);

	assert_string_equal(found, expected);
}

static void
assert_refused(const char *host, enum error_kind kind, const char *mentioned)
{
	AUTO_CREDENTIAL struct credential found = { 0 };
	AUTO_ERROR struct error *err = NULL;
	bool is_found = false;

	assert_int_equal(credential_find(&no_flags, host, &found, &is_found, &err), -1);
	assert_int_equal(error_kind(err), kind);
	if (!strstr(error_text(err), mentioned))
		fail_msg("'%s' does not mention '%s'", error_text(err), mentioned);
	assert_null(strstr(error_text(err), "s3cret"));
}

static void
set_variable(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

static void
nothing_anywhere_is_anonymous(void **state)
{
	(void)state;
	assert_found("ghcr.io", "anonymous");
}

static void
flags_beat_files_and_files_beat_the_environment(void **state)
{
	const struct registry_options flags = { .username = "f",
						.password = "g",
						.login_host = "ghcr.io" };
	const struct registry_options anonymous = { .anonymous = true };
	AUTO_FREE char *by_flags = NULL;
	AUTO_FREE char *elsewhere = NULL;
	AUTO_FREE char *by_nobody = NULL;

	(void)state;
	set_variable("GITHUB_TOKEN", "t");
	assert_found("ghcr.io", "x-access-token:t GITHUB_TOKEN (implicit)");
	write_home_file(CONTAINERS, 0600,
			"{\"auths\": {\"ghcr.io\": {\"auth\": \"" YOU_S3CRET "\"}}}");
	assert_found("ghcr.io", "you:s3cret ~/" CONTAINERS);
	write_home_file(DOCKER, 0600, "{\"auths\": {\"ghcr.io\": {\"auth\": \"" ME_PW "\"}}}");
	assert_found("ghcr.io", "me:pw ~/" DOCKER);
	by_flags = describe(&flags, "ghcr.io");
	assert_string_equal(by_flags, "f:g --username");
	elsewhere = describe(&flags, "quay.io");
	assert_string_equal(elsewhere, "anonymous");
	by_nobody = describe(&anonymous, "ghcr.io");
	assert_string_equal(by_nobody, "anonymous");
}

static void
the_token_of_github_is_for_ghcr_alone(void **state)
{
	(void)state;
	set_variable("GH_TOKEN", "h");
	assert_found("ghcr.io", "x-access-token:h GH_TOKEN (implicit)");
	set_variable("GITHUB_TOKEN", "g");
	set_variable("GITHUB_ACTOR", "octocat");
	assert_found("ghcr.io", "octocat:g GITHUB_TOKEN (implicit)");
	assert_found("ghcr.io:443", "anonymous");
	assert_found("docker.io", "anonymous");
	assert_found("ghcr.io.evil.example", "anonymous");
	set_variable("GITHUB_TOKEN", "s3cret\r\nX: y");
	assert_refused("ghcr.io", ERROR_USAGE, "GITHUB_TOKEN");
}

/* Every server's runner exports a GITHUB_TOKEN. */
static void
the_token_of_a_job_is_for_its_own_server(void **state)
{
	static const struct {
		const char *server;
		const char *forge; /* the variable that its runner sets; NULL: none */
		const char *registry;
		bool is_given;
	} rows[] = {
		{ "https://github.com", NULL, "ghcr.io", true },
		{ "https://github.com/", NULL, "ghcr.io", true },
		{ "https://github.com", NULL, "github.com", false },
		{ "https://github.com", NULL, "containers.github.com", false },
		{ "https://github.com", "FORGEJO_ACTIONS", "ghcr.io", false },
		{ "", "GITEA_ACTIONS", "ghcr.io", false },
		{ "", "FORGEJO_ACTIONS", "ghcr.io", false },
		{ "https://acme.ghe.com", NULL, "containers.acme.ghe.com", true },
		{ "https://acme.ghe.com", NULL, "ghcr.io", false },
		{ "https://acme.ghe.com", NULL, "containers.other.ghe.com", false },
		{ "https://acme.ghe.com.evil.example", NULL, "containers.acme.ghe.com", false },
		{ "https://github.example", NULL, "containers.github.example", true },
		{ "https://github.example", NULL, "ghcr.io", false },
		{ "https://github.example:8443", NULL, "containers.github.example:8443", true },
		{ "https://github.example:8443", NULL, "containers.github.example", false },
		{ "https://codeberg.org", "FORGEJO_ACTIONS", "codeberg.org", true },
		{ "https://codeberg.org", "FORGEJO_ACTIONS", "ghcr.io", false },
		{ "https://codeberg.org", "FORGEJO_ACTIONS", "containers.codeberg.org", false },
		{ "https://Gitea.example:3000", "GITEA_ACTIONS", "gitea.example:3000", true },
		{ "https://gitea.example:3000", "GITEA_ACTIONS", "gitea.example", false },
		{ "https://gitea.example", "GITEA_ACTIONS", "ghcr.io", false },
		{ "nonsense", NULL, "ghcr.io", false },
		{ "https://github.com@evil.example", NULL, "ghcr.io", false },
	};

	(void)state;
	set_variable("GITHUB_TOKEN", "t");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		set_variable("GITHUB_SERVER_URL", rows[i].server);
		if (rows[i].forge)
			set_variable(rows[i].forge, "true");
		assert_found(rows[i].registry, rows[i].is_given
						       ? "x-access-token:t GITHUB_TOKEN (implicit)"
						       : "anonymous");
		if (rows[i].forge)
			assert_int_equal(unsetenv(rows[i].forge), 0);
	}
}

static void
a_job_of_gitlab_is_known_to_its_own_registry(void **state)
{
	(void)state;
	set_variable("CI_REGISTRY", "registry.example:5050");
	set_variable("CI_JOB_TOKEN", "job");
	assert_found("registry.example:5050", "anonymous");
	set_variable("GITLAB_CI", "true");
	assert_found("registry.example:5050", "gitlab-ci-token:job CI_JOB_TOKEN (implicit)");
	assert_found("registry.example", "anonymous");
	assert_found("ghcr.io", "anonymous");
	set_variable("CI_REGISTRY_PASSWORD", "pw");
	assert_found("registry.example:5050", "gitlab-ci-token:job CI_JOB_TOKEN (implicit)");
	set_variable("CI_REGISTRY_USER", "me");
	assert_found("registry.example:5050", "me:pw CI_REGISTRY_PASSWORD (implicit)");
	assert_found("registry.other", "anonymous");
	write_home_file(DOCKER, 0600,
			"{\"auths\": {\"registry.example:5050\": {\"auth\": \"" YOU_S3CRET "\"}}}");
	assert_found("registry.example:5050", "you:s3cret ~/" DOCKER);
}

static void
docker_auth_config_comes_before_files(void **state)
{
	AUTO_FREE char *space = NULL;

	(void)state;
	set_variable("DOCKER_AUTH_CONFIG", "{\"auths\": {\"a.example\": {\"auth\": \"" ME_PW "\"},"
					   " \"b.example/team\": {\"auth\": \"" ME_PW "\"}}}");
	write_home_file(DOCKER, 0600,
			"{\"auths\": {\"a.example\": {\"auth\": \"" YOU_S3CRET "\"},"
			" \"c.example\": {\"auth\": \"" YOU_S3CRET "\"}}}");
	assert_found("a.example", "me:pw DOCKER_AUTH_CONFIG");
	assert_found("c.example", "you:s3cret ~/" DOCKER);
	space = credential_space(&no_flags, "b.example", "team/app");
	assert_string_equal(space, "b.example/team");
	assert_found(space, "me:pw DOCKER_AUTH_CONFIG");
	set_variable("REGISTRY_AUTH_FILE", DOCKER);
	assert_found("a.example", "you:s3cret " DOCKER);
	assert_int_equal(unsetenv("REGISTRY_AUTH_FILE"), 0);
	set_variable("DOCKER_AUTH_CONFIG", "{\"auths\": {\"a.example\": {\"auth\": \"s3cret\"}}}");
	assert_refused("a.example", ERROR_USAGE, "DOCKER_AUTH_CONFIG");
	set_variable("DOCKER_AUTH_CONFIG", "s3cret");
	assert_refused("a.example", ERROR_USAGE, "DOCKER_AUTH_CONFIG");
}

/* By `base64` with its line ends, and by tools that encode C's end of a string. */
static void
an_auth_value_is_read_as_go_reads_it(void **state)
{
	static const char *const values[] = { "bWU6\\ncHc=", "bWU6\\r\\ncHc=\\n", "bWU6cHcA",
					      "bWU6cHcAAAA=" };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		AUTO_FREE char *text =
			xasprintf("{\"auths\": {\"a.example\": {\"auth\": \"%s\"}}}", values[i]);

		write_home_file(DOCKER, 0600, text);
		assert_found("a.example", "me:pw ~/" DOCKER);
	}
}

static void
hosts_match_exactly_however_the_key_is_written(void **state)
{
	(void)state;
	write_home_file(DOCKER, 0600,
			"{\"auths\": {"
			"\"https://A.example/v2/\": {\"auth\": \"" ME_PW "\"},"
			"\"http://b.example:5000\": {\"username\": \"u\", \"password\": \"p\"},"
			"\"https://index.docker.io/v1/\": {\"auth\": \"" YOU_S3CRET "\"},"
			"\"c.example/team\": {\"auth\": \"" ME_PW "\"}}}");
	assert_found("a.example", "me:pw ~/" DOCKER);
	assert_found("a.example:443", "anonymous");
	assert_found("b.example:5000", "u:p ~/" DOCKER);
	assert_found("b.example", "anonymous");
	assert_found("b.example:5001", "anonymous");
	assert_found("docker.io", "you:s3cret ~/" DOCKER);
	assert_found("c.example", "anonymous");
	assert_found("xa.example", "anonymous");
}

static void
assert_space(const char *repository, const char *expected)
{
	AUTO_FREE char *space = credential_space(&no_flags, "c.example", repository);

	assert_string_equal(space, expected);
}

static void
a_space_beneath_a_host_has_credentials_of_its_own(void **state)
{
	const struct registry_options flags = { .username = "f",
						.password = "g",
						.login_host = "c.example" };
	const struct registry_options elsewhere = { .username = "f",
						    .password = "g",
						    .login_host = "d.example" };
	AUTO_FREE char *by_files = NULL;
	AUTO_FREE char *by_flags = NULL;

	(void)state;
	write_home_file(CONTAINERS, 0600,
			"{\"auths\": {\"c.example\": {\"auth\": \"" YOU_S3CRET "\"},"
			" \"c.example/team\": {\"auth\": \"" ME_PW "\"},"
			" \"c.example/team/a/b\": {\"auth\": \"" ME_PW "\"}}}");
	assert_space("team/a", "c.example/team");
	assert_space("team/a/b", "c.example/team/a/b");
	assert_space("team/a/b/c", "c.example/team/a/b");
	assert_space("teams/a", "c.example");
	assert_space("other", "c.example");
	by_flags = credential_space(&flags, "c.example", "team/a");
	assert_string_equal(by_flags, "c.example");
	by_files = credential_space(&elsewhere, "c.example", "team/a");
	assert_string_equal(by_files, "c.example/team");
	assert_found("c.example/team", "me:pw ~/" CONTAINERS);
	assert_found("c.example/none", "you:s3cret ~/" CONTAINERS);
	assert_found("c.example", "you:s3cret ~/" CONTAINERS);
}

static void
an_entry_gives_a_password_or_an_identity_token(void **state)
{
	(void)state;
	write_home_file(DOCKER, 0600,
			"{\"auths\": {"
			"\"a.example\": {\"auth\": \"" ME_PW "\", \"identitytoken\": \"id\"},"
			"\"b.example\": {},"
			"\"c.example\": {\"auth\": \"\"}}}");
	assert_found("a.example", "token:id ~/" DOCKER);
	assert_found("b.example", "anonymous");
	assert_found("c.example", "anonymous");
}

static void
a_bad_entry_names_the_file_and_no_value(void **state)
{
	static const char *const bad[] = {
		"\"s3cret!\"",
		"\"czNjcmV0\"",     /* no colon */
		"\"OnMzY3JldA==\"", /* no user */
		"\"s3cretA==\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO_FREE char *text =
			xasprintf("{\"auths\": {\"a.example\": {\"auth\": %s}}}", bad[i]);

		write_home_file(DOCKER, 0600, text);
		assert_refused("a.example", ERROR_USAGE, "~/" DOCKER);
		assert_found("b.example", "anonymous");
	}
}

static void
a_file_that_is_no_fit_one_is_refused(void **state)
{
	AUTO_FREE char *long_text = xcalloc(1, AUTH_FILE_LIMIT_BYTES + 2);

	(void)state;
	write_home_file(DOCKER, 0666, "{}");
	assert_refused("a.example", ERROR_USAGE, "every user");
	write_home_file(DOCKER, 0600, "{\"auths\": {}, \"auths\": {}}");
	assert_refused("a.example", ERROR_USAGE, "~/" DOCKER);
	write_home_file(DOCKER, 0600, "[]");
	assert_refused("a.example", ERROR_USAGE, "~/" DOCKER);
	memset(long_text, ' ', AUTH_FILE_LIMIT_BYTES + 1);
	memcpy(long_text, "{}", 2);
	write_home_file(DOCKER, 0600, long_text);
	assert_refused("a.example", ERROR_USAGE, DOCKER);
	long_text[AUTH_FILE_LIMIT_BYTES] = '\0';
	write_home_file(DOCKER, 0600, long_text);
	assert_found("a.example", "anonymous");
	assert_int_equal(unlink(DOCKER), 0);
	assert_int_equal(mkfifo(DOCKER, 0600), 0);
	assert_refused("a.example", ERROR_USAGE, "regular");
}

static void
a_named_file_is_the_only_one(void **state)
{
	const struct registry_options named = { .auth_file = "other.json" };
	AUTO_CREDENTIAL struct credential found = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *by_flag = NULL;
	bool is_found;

	(void)state;
	write_home_file(DOCKER, 0600, "{\"auths\": {\"a.example\": {\"auth\": \"" ME_PW "\"}}}");
	assert_int_equal(credential_find(&named, "a.example", &found, &is_found, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	set_variable("REGISTRY_AUTH_FILE", "missing.json");
	assert_found("a.example", "anonymous");
	write_home_file("other.json", 0600,
			"{\"auths\": {\"a.example\": {\"auth\": \"" YOU_S3CRET "\"}}}");
	by_flag = describe(&named, "a.example");
	assert_string_equal(by_flag, "you:s3cret other.json");
}

static void
helpers_come_before_entries_and_their_own_host_before_the_store(void **state)
{
	(void)state;
	write_helper("one", "read -r server; [ \"$1\" = get ] && echo "
			    "\"{\\\"Username\\\": \\\"$server\\\", \\\"Secret\\\": \\\"one\\\"}\"");
	write_helper("all", "echo '{\"Username\": \"<token>\", \"Secret\": \"refresh\"}'");
	write_home_file(DOCKER, 0600,
			"{\"credHelpers\": {\"a.example\": \"one\", \"docker.io\": \"one\"},"
			" \"credsStore\": \"all\","
			" \"auths\": {\"a.example\": {\"auth\": \"" ME_PW "\"}}}");
	assert_found("a.example", "a.example:one docker-credential-one (~/" DOCKER ")");
	assert_found("docker.io",
		     "https://index.docker.io/v1/:one docker-credential-one (~/" DOCKER ")");
	assert_found("b.example", "token:refresh docker-credential-all (~/" DOCKER ")");
}

static void
a_helper_that_has_nothing_leaves_the_entry(void **state)
{
	static const char *const answers[] = {
		"exit 0",
		"echo",
		"echo '{}'",
		"echo '{\"ServerURL\": \"a.example\"}'",
		"echo '{\"Username\": \"\", \"Secret\": \"\"}'",
		"echo '{\"Username\": null, \"Secret\": null}'",
		"echo '{\"Username\": \"u\", \"Secret\": \"\"}'",
	};

	(void)state;
	write_helper("none", "echo 'credentials not found in native keychain'; exit 1");
	write_home_file(DOCKER, 0600,
			"{\"credsStore\": \"none\","
			" \"auths\": {\"a.example\": {\"auth\": \"" ME_PW "\"}}}");
	assert_found("a.example", "me:pw ~/" DOCKER);
	assert_found("b.example", "anonymous");
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		write_helper("none", answers[i]);
		assert_found("a.example", "me:pw ~/" DOCKER);
		assert_found("b.example", "anonymous");
	}
}

static void
a_helper_sees_only_what_helpers_need(void **state)
{
	(void)state;
	set_variable("GITHUB_TOKEN", "s3cret");
	set_variable("ACTIONS_RUNTIME_TOKEN", "s3cret");
	set_variable("HOMEMADE", "s3cret");
	set_variable("AWS_PROFILE", "ci");
	write_helper("env", "env >seen; echo '{\"Username\": \"u\", \"Secret\": \"p\"}'");
	write_home_file(DOCKER, 0600, "{\"credsStore\": \"env\"}");
	assert_found("a.example", "u:p docker-credential-env (~/" DOCKER ")");
	AUTO_FREE char *seen = read_home_file("seen");

	assert_null(strstr(seen, "s3cret"));
	assert_non_null(strstr(seen, "AWS_PROFILE=ci"));
	assert_non_null(strstr(seen, "HOME="));
	assert_int_equal(unsetenv("ACTIONS_RUNTIME_TOKEN"), 0);
	assert_int_equal(unsetenv("HOMEMADE"), 0);
	assert_int_equal(unsetenv("AWS_PROFILE"), 0);
}

struct bad_helper {
	const char *script;
	enum error_kind kind;
	const char *mentioned;
};

static void
a_helper_that_fails_is_named_and_its_text_made_harmless(void **state)
{
	static const struct bad_helper rows[] = {
		{ "printf 'locked\\033[1m' >&2; exit 1", ERROR_DENIED, "locked\\x1b" },
		{ "kill -9 $$", ERROR_DENIED, "137" },
		{ "echo nonsense", ERROR_DENIED, "no user name" },
		{ "echo '{\"Username\": 1, \"Secret\": \"\"}'", ERROR_DENIED, "no user name" },
		{ "echo '{\"Secret\": \"s3cret\"}'", ERROR_DENIED, "no user name" },
		{ "head -c 100000 /dev/zero", ERROR_DENIED, "docker-credential-bad" },
		{ "exit 127", ERROR_USAGE, "not installed" },
	};

	(void)state;
	write_home_file(DOCKER, 0600, "{\"credsStore\": \"bad\"}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		write_helper("bad", rows[i].script);
		assert_refused("a.example", rows[i].kind, rows[i].mentioned);
	}
}

static void
a_helper_is_only_run_by_a_plain_name(void **state)
{
	static const char *const names[] = { "../x", "a;touch ran", "-x", "a b", "/bin/sh", ".x" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		AUTO_FREE char *text = xasprintf("{\"credsStore\": \"%s\"}", names[i]);

		write_home_file(DOCKER, 0600, text);
		assert_refused("a.example", ERROR_USAGE, "invalid credential helper");
	}
	assert_int_equal(access("ran", F_OK), -1);
}

static const struct credential mine = { .username = (char *)(uintptr_t) "me",
					.password = (char *)(uintptr_t) "pw" };

static void
login_keeps_the_rest_of_the_file_and_hides_it_from_others(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *where = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	write_home_file(DOCKER, 0644,
			"{\"HttpHeaders\": {\"X\": \"y\"}, \"auths\": {"
			"\"https://a.example/v2/\": {\"auth\": \"" YOU_S3CRET "\"}}}");
	assert_int_equal(credential_store(&no_flags, "a.example", &mine, &where, &err), 0);
	assert_string_equal(where, "~/" DOCKER);
	assert_found("a.example", "me:pw ~/" DOCKER);
	assert_int_equal(home_file_mode(DOCKER), 0600);
	text = read_home_file(DOCKER);
	assert_non_null(strstr(text, "HttpHeaders"));
	assert_null(strstr(text, YOU_S3CRET));
}

static void
logout_takes_back_what_login_wrote(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *where = NULL;
	AUTO_FREE char *again = NULL;
	bool found = false;

	(void)state;
	assert_int_equal(credential_store(&no_flags, "docker.io", &mine, &where, &err), 0);
	assert_found("docker.io", "me:pw ~/" DOCKER);
	free(TAKE_PTR(where));
	assert_int_equal(credential_erase(&no_flags, "docker.io", &found, &where, &err), 0);
	assert_true(found);
	assert_found("docker.io", "anonymous");
	assert_int_equal(credential_erase(&no_flags, "docker.io", &found, &again, &err), 0);
	assert_false(found);
}

static void
login_goes_through_the_helper_when_there_is_one(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *where = NULL;
	AUTO_FREE char *given = NULL;
	AUTO_FREE char *file = NULL;

	(void)state;
	write_helper("keep", "cat >given-$1");
	write_home_file(DOCKER, 0600, "{\"credsStore\": \"keep\"}");
	assert_int_equal(credential_store(&no_flags, "a.example", &mine, &where, &err), 0);
	assert_string_equal(where, "docker-credential-keep (~/" DOCKER ")");
	given = read_home_file("given-store");
	assert_string_equal(given,
			    "{\"ServerURL\":\"a.example\",\"Username\":\"me\",\"Secret\":\"pw\"}");
	file = read_home_file(DOCKER);
	assert_null(strstr(file, "auths"));
}

static void
a_linked_file_stays_a_link(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *where = NULL;
	struct stat status;

	(void)state;
	write_home_file("dotfiles/config.json", 0600, "{}");
	write_home_file(".docker/x", 0600, "");
	assert_int_equal(symlink("../dotfiles/config.json", DOCKER), 0);
	assert_int_equal(credential_store(&no_flags, "a.example", &mine, &where, &err), 0);
	assert_int_equal(lstat(DOCKER, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_found("a.example", "me:pw ~/" DOCKER);
}

static void
an_explanation_lists_each_place_in_order(void **state)
{
	AUTO_STRINGS struct strings lines = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	set_variable("GITHUB_TOKEN", "s3cret");
	write_home_file(DOCKER, 0600, "{}");
	assert_int_equal(credential_explain(&no_flags, "ghcr.io", &lines, &err), 0);
	assert_int_equal(lines.count, 4);
	assert_string_equal(lines.items[0], "--username: not given");
	assert_string_equal(lines.items[1], "~/" DOCKER ": nothing for this host");
	assert_string_equal(lines.items[2], "~/" CONTAINERS ": does not exist");
	assert_string_equal(lines.items[3], "GITHUB_TOKEN: user 'x-access-token'");
}

#define AT_HOME(test) cmocka_unit_test_setup_teardown(test, enter_home, leave_home)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		AT_HOME(nothing_anywhere_is_anonymous),
		AT_HOME(flags_beat_files_and_files_beat_the_environment),
		AT_HOME(the_token_of_github_is_for_ghcr_alone),
		AT_HOME(the_token_of_a_job_is_for_its_own_server),
		AT_HOME(a_job_of_gitlab_is_known_to_its_own_registry),
		AT_HOME(docker_auth_config_comes_before_files),
		AT_HOME(an_auth_value_is_read_as_go_reads_it),
		AT_HOME(hosts_match_exactly_however_the_key_is_written),
		AT_HOME(a_space_beneath_a_host_has_credentials_of_its_own),
		AT_HOME(an_entry_gives_a_password_or_an_identity_token),
		AT_HOME(a_bad_entry_names_the_file_and_no_value),
		AT_HOME(a_file_that_is_no_fit_one_is_refused),
		AT_HOME(a_named_file_is_the_only_one),
		AT_HOME(helpers_come_before_entries_and_their_own_host_before_the_store),
		AT_HOME(a_helper_that_has_nothing_leaves_the_entry),
		AT_HOME(a_helper_sees_only_what_helpers_need),
		AT_HOME(a_helper_that_fails_is_named_and_its_text_made_harmless),
		AT_HOME(a_helper_is_only_run_by_a_plain_name),
		AT_HOME(login_keeps_the_rest_of_the_file_and_hides_it_from_others),
		AT_HOME(logout_takes_back_what_login_wrote),
		AT_HOME(login_goes_through_the_helper_when_there_is_one),
		AT_HOME(a_linked_file_stays_a_link),
		AT_HOME(an_explanation_lists_each_place_in_order),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
