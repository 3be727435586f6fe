#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "registry/auth/auth_file.h"
#include "registry/auth/credentials.h"

static json_t *
format_entry(const struct credential *credential)
{
	AUTO_SECRET char *pair =
		xasprintf("%s:%s", credential->username ? credential->username : "",
			  credential->password ? credential->password : "");
	AUTO_SECRET char *auth = secret_encode(pair);
	json_t *entry = json_object();

	if (credential->username)
		json_object_set_new(entry, "auth", json_string(auth));
	if (credential->identity_token)
		json_object_set_new(entry, "identitytoken",
				    json_string(credential->identity_token));
	return entry;
}

void
auth_file_set(struct auth_file *file, const char *host, const struct credential *credential)
{
	json_t *entries;

	(void)auth_file_remove(file, host);
	entries = json_object_get(file->document, "auths");
	if (!json_is_object(entries)) {
		entries = json_object();
		json_object_set_new(file->document, "auths", entries);
	}
	json_object_set_new(entries, auth_file_server(host), format_entry(credential));
}

static int
make_parent(const char *path, struct error **err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = NULL;

	if (!slash || slash == path)
		return 0;
	parent = xstrndup(path, (size_t)(slash - path));
	return dir_make(parent, 0700, err);
}

/* A link to the file (a dotfiles repository) stays a link. */
int
auth_file_write(const struct auth_file *file, struct error **err)
{
	AUTO_SECRET char *text = json_dumps(file->document, JSON_INDENT(4));
	AUTO_FREE char *target = realpath(file->path, NULL);
	const char *path = target ? target : file->path;

	if (!text)
		return error_set(err, ERROR_FAILURE, "cannot format '%s'", file->shown);
	if (make_parent(path, err) < 0)
		return -1;
	return file_replace(AT_FDCWD, path, 0600, text, strlen(text), err);
}
