#include "registry/auth/credentials.h"

#include <string.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "registry/auth/auth_file.h"
#include "registry/auth/auth_places.h"
#include "registry/auth/ci_login.h"
#include "registry/auth/credential_helper.h"
#include "registry/registry.h"

/* One walk through all places, for finding and for explaining. */
struct search {
	const struct registry_options *options;
	const char *host;
	const char *space;     /* the host, or beneath it */
	struct strings *lines; /* NULL: nobody wants to know */
	struct credential found;
	bool is_found;
};

void
credential_release(struct credential *credential)
{
	free(credential->username);
	secret_free(credential->password);
	secret_free(credential->identity_token);
	secret_free(credential->registry_token);
	free(credential->source);
	*credential = (struct credential){ 0 };
}

static void
tell(struct search *search, const char *place, const char *what)
{
	if (search->lines)
		strings_take(search->lines, xasprintf("%s: %s", place, what));
}

/* Takes the source. */
static void
settle(struct search *search, char *source)
{
	const char *username = search->found.username;
	AUTO_FREE char *shown = username ? text_quote_string(username) : NULL;
	AUTO_FREE char *what = shown ? xasprintf("user '%s'", shown) : NULL;

	search->found.source = source;
	search->is_found = true;
	tell(search, source,
	     search->found.registry_token ? "a registry token"
	     : what                       ? what
					  : "an identity token");
}

static bool
flags_are_for(const struct registry_options *options, const char *host)
{
	return options->login_host && strcmp(options->login_host, host) == 0;
}

static int
look_at_flags(struct search *search, struct error **err)
{
	const struct registry_options *options = search->options;

	if (!options->username && !options->password) {
		tell(search, "--username", "not given");
		return 0;
	}
	if (!options->username || !options->password)
		return error_set(err, ERROR_USAGE, "a user name and a password go together");
	if (!flags_are_for(options, search->host)) {
		tell(search, "--username", "given for another registry");
		return 0;
	}
	search->found = (struct credential){
		.username = xstrdup(options->username),
		.password = xstrdup(options->password),
		.is_explicit = true,
	};
	settle(search, xstrdup("--username"));
	return 0;
}

static int
look_at_helper(struct search *search, const struct auth_file *file, struct error **err)
{
	const char *name = auth_file_find_helper(file, search->host);
	AUTO_FREE char *source = NULL;

	if (!name)
		return 0;
	source = xasprintf("docker-credential-%s (%s)", QUOTED(name), file->shown);
	if (helper_get(name, auth_file_server(search->host), &search->found, &search->is_found,
		       err) < 0)
		return error_wrap(err, "'%s'", file->shown);
	if (search->is_found)
		settle(search, TAKE_PTR(source));
	else
		tell(search, source, "nothing for this host");
	return 0;
}

static int
look_at_entry(struct search *search, const struct auth_file *file, const char *key,
	      struct error **err)
{
	if (auth_file_find(file, key, &search->found, &search->is_found, err) < 0)
		return -1;
	if (search->is_found)
		settle(search, xstrdup(file->shown));
	return 0;
}

static int
look_in_file(struct search *search, const struct auth_file *file, struct error **err)
{
	if (search->space != search->host && look_at_entry(search, file, search->space, err) < 0)
		return -1;
	if (!search->is_found && look_at_helper(search, file, err) < 0)
		return -1;
	if (!search->is_found && look_at_entry(search, file, search->host, err) < 0)
		return -1;
	if (!search->is_found)
		tell(search, file->shown, "nothing for this host");
	return 0;
}

static int
look_at_file(struct search *search, const char *path, struct error **err)
{
	AUTO_AUTH_FILE struct auth_file file = { 0 };
	bool is_there;

	if (auth_file_read(path, &file, &is_there, err) < 0)
		return -1;
	if (is_there)
		return look_in_file(search, &file, err);
	if (search->options->auth_file)
		return error_set(err, ERROR_USAGE, "'%s' is not there", file.shown);
	tell(search, file.shown, "not there");
	return 0;
}

/* As GitLab's runner and docker's client read it. */
static int
look_at_docker_auth_config(struct search *search, struct error **err)
{
	AUTO_AUTH_FILE struct auth_file file = { 0 };
	bool is_there;

	if (!auth_places_has_variable(search->options))
		return 0;
	if (auth_file_read_variable(&file, &is_there, err) < 0)
		return -1;
	return is_there ? look_in_file(search, &file, err) : 0;
}

static int
look_at_files(struct search *search, struct error **err)
{
	AUTO_STRINGS struct strings paths = { 0 };

	if (look_at_docker_auth_config(search, err) < 0)
		return -1;
	auth_places_list(search->options, &paths);
	for (size_t i = 0; i < paths.count && !search->is_found; i++)
		if (look_at_file(search, paths.items[i], err) < 0)
			return -1;
	return 0;
}

static int
look_at_variable(struct search *search, const char *name, const char *username, struct error **err)
{
	const char *token = environment_find(name);

	if (search->is_found)
		return 0;
	if (!token) {
		tell(search, name, "not set");
		return 0;
	}
	if (!text_is_printable_ascii(token))
		return error_set(err, ERROR_USAGE, "%s holds characters that no token has", name);
	search->found = (struct credential){
		.username = xstrdup(username),
		.password = xstrdup(token),
	};
	settle(search, xstrdup(name));
	return 0;
}

static int
look_at_github(struct search *search, struct error **err)
{
	static const char *const names[] = { "GITHUB_TOKEN", "GH_TOKEN" };
	const char *actor = environment_find("GITHUB_ACTOR");
	bool is_theirs = ci_login_is_github(search->host);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (is_theirs &&
		    look_at_variable(search, names[i], actor ? actor : "x-access-token", err) < 0)
			return -1;
		if (!is_theirs && strcmp(search->host, "ghcr.io") == 0 &&
		    environment_find(names[i]))
			tell(search, names[i], "of another server than github.com");
	}
	return 0;
}

static int
look_at_gitlab(struct search *search, struct error **err)
{
	const char *user = environment_find("CI_REGISTRY_USER");

	if (!ci_login_is_gitlab(search->host))
		return 0;
	if (!user)
		tell(search, "CI_REGISTRY_USER", "not set");
	else if (look_at_variable(search, "CI_REGISTRY_PASSWORD", user, err) < 0)
		return -1;
	return look_at_variable(search, "CI_JOB_TOKEN", "gitlab-ci-token", err);
}

static int
look_at_environment(struct search *search, struct error **err)
{
	if (look_at_github(search, err) < 0)
		return -1;
	return look_at_gitlab(search, err);
}

static int
look_everywhere(struct search *search, struct error **err)
{
	if (search->options->anonymous) {
		tell(search, "--anonymous", "no credentials at all");
		return 0;
	}
	if (look_at_flags(search, err) < 0)
		return -1;
	if (!search->is_found && look_at_files(search, err) < 0)
		return -1;
	if (!search->is_found && look_at_environment(search, err) < 0)
		return -1;
	if (!search->is_found)
		tell(search, "anonymous", "no credentials");
	return 0;
}

/* `path` NULL: in DOCKER_AUTH_CONFIG. */
static char *
find_space(const char *path, const char *host, const char *repository)
{
	AUTO_AUTH_FILE struct auth_file file = { 0 };
	AUTO_ERROR struct error *told_later = NULL;
	bool is_there;

	if ((path ? auth_file_read(path, &file, &is_there, &told_later)
		  : auth_file_read_variable(&file, &is_there, &told_later)) < 0)
		return NULL;
	return auth_file_find_space(&file, host, repository);
}

char *
credential_space(const struct registry_options *options, const char *host, const char *repository)
{
	AUTO_STRINGS struct strings paths = { 0 };
	char *space = NULL;

	if (options->anonymous || (options->username && flags_are_for(options, host)))
		return xstrdup(host);
	if (auth_places_has_variable(options))
		space = find_space(NULL, host, repository);
	auth_places_list(options, &paths);
	for (size_t i = 0; i < paths.count && !space; i++)
		space = find_space(paths.items[i], host, repository);
	return space ? space : xstrdup(host);
}

int
credential_find(const struct registry_options *options, const char *space,
		struct credential *ret_credential, bool *ret_found, struct error **err)
{
	AUTO_FREE char *host = xstrndup(space, strcspn(space, "/"));
	struct search search = { .options = options, .host = host, .space = host };

	if (strcmp(space, host) != 0)
		search.space = space;
	if (look_everywhere(&search, err) < 0) {
		credential_release(&search.found);
		if (error_is(*err, ERROR_USAGE))
			error_set_hint(err, "mend that, or ask without a login: --anonymous");
		return error_wrap(err, "credentials for '%s'", host);
	}
	*ret_credential = search.found;
	*ret_found = search.is_found;
	return 0;
}

int
credential_explain(const struct registry_options *options, const char *host,
		   struct strings *ret_lines, struct error **err)
{
	struct search search = {
		.options = options,
		.host = host,
		.space = host,
		.lines = ret_lines,
	};
	int result = look_everywhere(&search, err);

	credential_release(&search.found);
	return result;
}
