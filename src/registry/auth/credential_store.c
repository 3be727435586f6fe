#include <string.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "registry/auth/auth_file.h"
#include "registry/auth/auth_places.h"
#include "registry/auth/credential_helper.h"
#include "registry/auth/credentials.h"
#include "registry/auth/token_cache.h"
#include "registry/registry.h"

/* The file that `login` writes, or whose helper it calls: the first of the places. */
static int
read_own_file(const struct registry_options *options, struct auth_file *ret_file,
	      struct error **err)
{
	AUTO_STRINGS struct strings paths = { 0 };
	bool is_there;

	auth_places_list(options, &paths);
	if (paths.count == 0) {
		error_set(err, ERROR_USAGE, "there is no place for credentials");
		return error_set_hint(err, "set HOME, or name a file with --auth-file");
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
