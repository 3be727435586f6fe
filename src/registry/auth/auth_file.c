/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/auth_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "registry/auth/credentials.h"

#define DOCKER_SERVER "https://index.docker.io/v1/"

static const char *const docker_aliases[] = { "docker.io", "index.docker.io",
					      "registry-1.docker.io", "registry.docker.io" };

const char *
auth_file_server(const char *host)
{
	for (size_t i = 0; i < COUNT_OF(docker_aliases); i++)
		if (strcmp(host, docker_aliases[i]) == 0)
			return DOCKER_SERVER;
	return host;
}

static char *
shorten_path(const char *path)
{
	const char *home = environment_find("HOME");

	if (!home || !text_starts(path, home) || path[strlen(home)] != '/')
		return text_quote_string(path);
	return xasprintf("~%s", QUOTED(path + strlen(home)));
}

static int
refuse(const struct auth_file *file, struct error **err, const char *why)
{
	return error_set(err, ERROR_USAGE, "invalid credentials file '%s': %s", file->shown, why);
}

static int
parse(struct auth_file *file, const struct buf *bytes, struct error **err)
{
	AUTO_ERROR struct error *unreadable = NULL;

	if (bytes->size == 0) {
		file->document = json_object();
		return 0;
	}
	file->document = document_parse(bytes->data, bytes->size, &unreadable);
	if (!file->document)
		return error_set(err, ERROR_USAGE, "'%s': %s", file->shown, error_text(unreadable));
	return 0;
}

static bool
is_missing(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

int
auth_file_read(const char *path, struct auth_file *ret_file, bool *ret_found, struct error **err)
{
	AUTO_AUTH_FILE struct auth_file file = { .path = xstrdup(path),
						 .shown = shorten_path(path) };
	AUTO_ERROR struct error *trouble = NULL;
	AUTO_CLOSE int fd = -1;
	bool found = !is_missing(path);

	if (found) {
		AUTO_SECRET_BUF struct buf bytes = BUF_INIT(AUTH_FILE_LIMIT_BYTES);
		AUTO_ERROR struct error *unreadable = NULL;
		struct stat status;

		fd = file_open(AT_FDCWD, path, &trouble);
		if (fd < 0)
			return error_set(err, ERROR_USAGE, "%s", error_text(trouble));
		/* Another user who can write the file could send our passwords to a helper of their
		 * own. */
		if (fstat(fd, &status) < 0)
			return error_set_errno(err, errno, "cannot stat '%s'", file.shown);
		if ((status.st_mode & S_IWOTH)) {
			refuse(&file, err, "every user can write it");
			return error_set_hint(err, "run 'chmod 600 %s'", file.shown);
		}
		if (fd_read_all(fd, &bytes, file.path, &unreadable) < 0)
			return error_set(err, ERROR_USAGE, "%s", error_text(unreadable));
		if (parse(&file, &bytes, err) < 0)
			return -1;
	} else {
		file.document = json_object();
	}
	*ret_file = file;
	*ret_found = found;
	file = (struct auth_file){ 0 };
	return 0;
}

int
auth_file_read_variable(struct auth_file *ret_file, bool *ret_found, struct error **err)
{
	static const char name[] = "DOCKER_AUTH_CONFIG";
	const char *text = environment_find(name);
	AUTO_AUTH_FILE struct auth_file file = { .shown = xstrdup(name) };
	AUTO_SECRET_BUF struct buf bytes = BUF_INIT(AUTH_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *too_long = NULL;

	if (text && buf_append_text(&bytes, text, &too_long) < 0)
		return error_set(err, ERROR_USAGE, "'%s': %s", name, error_text(too_long));
	if (parse(&file, &bytes, err) < 0)
		return -1;
	*ret_file = file;
	*ret_found = text != NULL;
	file = (struct auth_file){ 0 };
	return 0;
}

void
auth_file_release(struct auth_file *file)
{
	free(file->path);
	free(file->shown);
	json_decref(file->document);
	*file = (struct auth_file){ 0 };
}

static bool
is_bare_path(const char *path)
{
	return strcmp(path, "") == 0 || strcmp(path, "/") == 0 || strcmp(path, "/v1") == 0 ||
	       strcmp(path, "/v1/") == 0 || strcmp(path, "/v2") == 0 || strcmp(path, "/v2/") == 0;
}

/* "https://GHCR.io/v2/" is ghcr.io; a key with another path does not name a host. */
static bool
key_names_host(const char *key, const char *host)
{
	AUTO_FREE char *name = NULL;
	const char *start = key;

	if (text_starts(start, "https://"))
		start += strlen("https://");
	else if (text_starts(start, "http://"))
		start += strlen("http://");
	if (!is_bare_path(start + strcspn(start, "/")))
		return false;
	name = xstrndup(start, strcspn(start, "/"));
	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return strcmp(auth_file_server(name), auth_file_server(host)) == 0;
}

static json_t *
find_entry(const struct auth_file *file, const char *table, const char *host)
{
	json_t *entries = json_object_get(file->document, table);
	json_t *exact = json_object_get(entries, host);
	const char *key;
	json_t *value;

	if (exact)
		return exact;
	json_object_foreach (entries, key, value) {
		if (key_names_host(key, host))
			return value;
	}
	return NULL;
}

const char *
auth_file_find_helper(const struct auth_file *file, const char *host)
{
	const char *name = json_string_value(find_entry(file, "credHelpers", host));

	if (!name)
		name = json_string_value(json_object_get(file->document, "credsStore"));
	return name && *name ? name : NULL;
}

static const char *
get_text(const json_t *entry, const char *name)
{
	const char *text = json_string_value(json_object_get(entry, name));

	return text && *text ? text : NULL;
}

static int
read_entry(const struct auth_file *file, const json_t *entry, struct credential *credential,
	   struct error **err)
{
	const char *auth = get_text(entry, "auth");
	const char *password = get_text(entry, "password");
	const char *username = get_text(entry, "username");

	credential->registry_token = xstrdup_null(get_text(entry, "registrytoken"));
	if (credential->registry_token && !text_is_printable_ascii(credential->registry_token))
		return refuse(file, err, "expected printable ASCII in 'registrytoken'");
	credential->identity_token = xstrdup_null(get_text(entry, "identitytoken"));
	if (auth) {
		/* "auth" is base64 of "user:password". */
		AUTO_SECRET char *pair = secret_decode(auth);
		char *colon = pair ? strchr(pair, ':') : NULL;

		if (!colon || colon == pair)
			return refuse(file, err, "expected base64 of 'user:password' in 'auth'");
		credential->username = xstrndup(pair, (size_t)(colon - pair));
		credential->password = xstrdup(colon + 1);
		return 0;
	}
	if (username && password) {
		credential->username = xstrdup(username);
		credential->password = xstrdup(password);
	}
	return 0;
}

char *
auth_file_find_space(const struct auth_file *file, const char *host, const char *repository)
{
	const json_t *entries = json_object_get(file->document, "auths");
	AUTO_FREE char *space = xasprintf("%s/%s", host, repository);

	while (strlen(space) > strlen(host)) {
		if (json_object_get(entries, space))
			return TAKE_PTR(space);
		*strrchr(space, '/') = '\0';
	}
	return NULL;
}

int
auth_file_find(const struct auth_file *file, const char *host, struct credential *ret_credential,
	       bool *ret_found, struct error **err)
{
	AUTO_CREDENTIAL struct credential credential = { .is_explicit = true };
	const json_t *entry = find_entry(file, "auths", host);

	*ret_found = false;
	if (!entry)
		return 0;
	if (!json_is_object(entry))
		return refuse(file, err, "expected an object under 'auths'");
	if (read_entry(file, entry, &credential, err) < 0)
		return -1;
	if (!credential.registry_token && !credential.identity_token && !credential.username)
		return 0;
	*ret_credential = credential;
	credential = (struct credential){ 0 };
	*ret_found = true;
	return 0;
}

/* Removes each spelling of the host's key. */
bool
auth_file_remove(struct auth_file *file, const char *host)
{
	json_t *entries = json_object_get(file->document, "auths");
	bool removed = false;
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(entries, next, key, value)
	{
		if (key_names_host(key, host))
			removed |= json_object_del(entries, key) == 0;
	}
	return removed;
}

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

/* If the path is a symbolic link (a dotfiles repository), replaces its target. */
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
