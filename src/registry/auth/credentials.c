/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/credentials.h"

#include <stdbool.h>
#include <string.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "registry/auth/auth_file.h"
#include "registry/auth/ci_login.h"
#include "registry/auth/credential_helper.h"
#include "registry/auth/token_cache.h"
#include "registry/registry.h"

/* Adds `file` below the variable's directory, else below the home directory. */
static void
add_below(struct strings *paths, const char *variable, const char *home_path, const char *file)
{
	const char *directory = environment_find(variable);
	const char *home = environment_find("HOME");

	if (directory && *directory == '/')
		strings_take(paths, xasprintf("%s/%s", directory, file));
	else if (home_path && home && *home == '/')
		strings_take(paths, xasprintf("%s/%s/%s", home, home_path, file));
}

static const char *
find_only(const struct registry_options *options)
{
	return options->auth_file && *options->auth_file ? options->auth_file
							 : environment_find("REGISTRY_AUTH_FILE");
}

static bool
may_use_variable(const struct registry_options *options)
{
	return !find_only(options);
}

static void
list_files(const struct registry_options *options, struct strings *paths)
{
	const char *only = find_only(options);

	if (only) {
		strings_add(paths, only);
		return;
	}
	add_below(paths, "DOCKER_CONFIG", ".docker", "config.json");
	add_below(paths, "XDG_RUNTIME_DIR", NULL, "containers/auth.json");
	add_below(paths, "XDG_CONFIG_HOME", ".config", "containers/auth.json");
}

/* One search of all places, for credential_find() and credential_explain(). */
struct search {
	const struct registry_options *options;
	const char *host;
	const char *space;     /* the host, or a space below it */
	struct strings *lines; /* output of credential_explain(); else NULL */
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

/* The search is over.  Takes the source. */
static void
found(struct search *search, char *source)
{
	const char *username = search->found.username;
	AUTO_FREE char *what = username ? xasprintf("user '%s'", QUOTED(username)) : NULL;

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
	found(search, xstrdup("--username"));
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
		found(search, TAKE_PTR(source));
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
		found(search, xstrdup(file->shown));
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
		return error_set(err, ERROR_USAGE, "'%s' does not exist", file.shown);
	tell(search, file.shown, "does not exist");
	return 0;
}

/* DOCKER_AUTH_CONFIG, as in GitLab's runner and docker's client. */
static int
look_at_docker_auth_config(struct search *search, struct error **err)
{
	AUTO_AUTH_FILE struct auth_file file = { 0 };
	bool is_there;

	if (!may_use_variable(search->options))
		return 0;
	if (auth_file_read_variable(&file, &is_there, err) < 0)
		return -1;
	return is_there ? look_in_file(search, &file, err) : 0;
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
		return error_set(err, ERROR_USAGE,
				 "invalid %s: expected a token in printable ASCII", name);
	search->found = (struct credential){
		.username = xstrdup(username),
		.password = xstrdup(token),
	};
	found(search, xstrdup(name));
	return 0;
}

static int
look_at_github(struct search *search, struct error **err)
{
	static const char *const names[] = { "GITHUB_TOKEN", "GH_TOKEN" };
	const char *actor = environment_find("GITHUB_ACTOR");
	bool is_theirs = ci_login_is_github(search->host);

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (is_theirs &&
		    look_at_variable(search, names[i], actor ? actor : "x-access-token", err) < 0)
			return -1;
		if (!is_theirs && strcmp(search->host, "ghcr.io") == 0 &&
		    environment_find(names[i]))
			tell(search, names[i], "ignored: it is for another server than github.com");
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
search_all(struct search *search, struct error **err)
{
	if (search->options->anonymous) {
		tell(search, "--anonymous", "no credentials at all");
		return 0;
	}
	if (look_at_flags(search, err) < 0)
		return -1;
	if (!search->is_found) {
		AUTO_STRINGS struct strings paths = { 0 };

		if (look_at_docker_auth_config(search, err) < 0)
			return -1;
		list_files(search->options, &paths);
		for (size_t i = 0; i < paths.count && !search->is_found; i++)
			if (look_at_file(search, paths.items[i], err) < 0)
				return -1;
	}
	if (!search->is_found &&
	    (look_at_github(search, err) < 0 || look_at_gitlab(search, err) < 0))
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
	if (may_use_variable(options))
		space = find_space(NULL, host, repository);
	list_files(options, &paths);
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
	if (search_all(&search, err) < 0) {
		credential_release(&search.found);
		if (error_is(*err, ERROR_USAGE))
			error_set_hint(err, "fix it, or use --anonymous");
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
	int result = search_all(&search, err);

	credential_release(&search.found);
	return result;
}

/* The first file of the list: `login` writes it, or calls its helper. */
static int
read_own_file(const struct registry_options *options, struct auth_file *ret_file,
	      struct error **err)
{
	AUTO_STRINGS struct strings paths = { 0 };
	bool is_there;

	list_files(options, &paths);
	if (paths.count == 0) {
		error_set(err, ERROR_USAGE,
			  "cannot save credentials: neither HOME nor DOCKER_CONFIG is set");
		return error_set_hint(err, "set HOME, or use --auth-file FILE");
	}
	return auth_file_read(paths.items[0], ret_file, &is_there, err);
}

int
credential_store(const struct registry_options *options, const char *host,
		 const struct credential *credential, char **ret_where, struct error **err)
{
	AUTO_AUTH_FILE struct auth_file file = { 0 };
	const char *helper;

	if (read_own_file(options, &file, err) < 0)
		return -1;
	helper = auth_file_find_helper(&file, host);
	if (helper) {
		if (helper_store(helper, auth_file_server(host), credential, err) < 0)
			return -1;
		*ret_where = xasprintf("docker-credential-%s (%s)", helper, file.shown);
		return 0;
	}
	auth_file_set(&file, host, credential);
	if (auth_file_write(&file, err) < 0)
		return -1;
	*ret_where = TAKE_PTR(file.shown);
	return 0;
}

static int
erase_from_helper(const struct auth_file *file, const char *host, bool *ret_found,
		  struct error **err)
{
	const char *helper = auth_file_find_helper(file, host);

	*ret_found = false;
	if (!helper)
		return 0;
	return helper_erase(helper, auth_file_server(host), ret_found, err);
}

int
credential_erase(const struct registry_options *options, const char *host, bool *ret_found,
		 char **ret_where, struct error **err)
{
	AUTO_AUTH_FILE struct auth_file file = { 0 };
	AUTO_TOKEN_CACHE struct token_cache *cache = token_cache_new();
	bool in_helper;
	bool in_file;

	if (read_own_file(options, &file, err) < 0 ||
	    erase_from_helper(&file, host, &in_helper, err) < 0)
		return -1;
	in_file = auth_file_remove(&file, host);
	if (in_file && auth_file_write(&file, err) < 0)
		return -1;
	*ret_where = in_helper && !in_file
			     ? xasprintf("docker-credential-%s (%s)",
					 auth_file_find_helper(&file, host), file.shown)
			     : xstrdup(file.shown);
	*ret_found = in_file || in_helper;
	token_cache_clear(cache);
	return 0;
}
