#include "project/ci.h"

#include <stdlib.h>
#include <string.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "project/remote_url.h"

static bool
is_true(const char *name)
{
	const char *value = environment_find(name);

	return value && strcmp(value, "true") == 0;
}

bool
ci_is_github(void)
{
	return is_true("GITHUB_ACTIONS");
}

bool
ci_is_gitlab(void)
{
	return is_true("GITLAB_CI");
}

/* NULL without *err: there is none. */
static char *
origin_url(const char *directory, struct error **err)
{
	AUTO_GIT struct git *git = NULL;

	if (git_open(directory, &git, err) < 0 || !git)
		return NULL;
	return git_setting(git, "remote.origin.url");
}

static char *
repository_of_remote(const char *directory, struct error **err)
{
	CLEANUP(remote_url_release) struct remote_url remote = { 0 };
	struct error *failure = NULL;
	AUTO_FREE char *url = origin_url(directory, &failure);
	AUTO_FREE char *quoted = NULL;

	if (url && remote_url_parse(url, &remote))
		return text_lower(remote.repository);
	if (failure) {
		error_pass(err, failure);
	} else if (url) {
		quoted = text_quote_url(url);
		error_set(err, ERROR_USAGE, "the git remote '%s' does not end with OWNER/NAME",
			  quoted);
	} else {
		error_set(err, ERROR_USAGE, "GITHUB_REPOSITORY is not set, and git has no remote");
	}
	error_set_hint(err, "set GITHUB_REPOSITORY=OWNER/NAME");
	return NULL;
}

char *
ci_repository(const char *directory, struct error **err)
{
	const char *value = environment_find("GITHUB_REPOSITORY");

	if (!value)
		return repository_of_remote(directory, err);
	if (remote_repository_is_valid(value))
		return text_lower(value);
	error_set(err, ERROR_USAGE, "GITHUB_REPOSITORY is '%s', which is not OWNER/NAME",
		  QUOTED(value));
	return NULL;
}

static bool
is_server_url(const char *text)
{
	return (text_starts(text, "https://") || text_starts(text, "http://")) &&
	       text_is_printable_ascii(text) && !strpbrk(text, " @?#\"'\\<>");
}

char *
ci_source_url(const char *directory)
{
	CLEANUP(remote_url_release) struct remote_url remote = { 0 };
	const char *server = environment_find("GITHUB_SERVER_URL");
	const char *repository = environment_find("GITHUB_REPOSITORY");
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *url = NULL;

	if (server && repository && is_server_url(server) && remote_repository_is_valid(repository))
		return xasprintf("%s/%s", server, repository);
	url = origin_url(directory, &ignored);
	if (!url || !remote_url_parse(url, &remote))
		return NULL;
	return xasprintf("https://%s/%s", remote.host, remote.repository);
}

static bool
is_commit(const char *text)
{
	size_t size = strlen(text);

	return (size == 40 || size == 64) && strspn(text, "0123456789abcdef") == size;
}

char *
ci_revision(const char *directory)
{
	const char *value = ci_is_github() ? environment_find("GITHUB_SHA") : NULL;
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_GIT struct git *git = NULL;
	AUTO_FREE char *head = NULL;

	if (value && is_commit(value))
		return xstrdup(value);
	if (git_open(directory, &git, &ignored) < 0 || !git)
		return NULL;
	head = git_head(git);
	return head && is_commit(head) ? TAKE_PTR(head) : NULL;
}
