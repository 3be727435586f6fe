/* SPDX-License-Identifier: Apache-2.0 */
#include "http/trust.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TOGETHER_S 60 /* update-ca-certificates needs a few seconds */

static bool
are_from_one_run(const char *bundle, const char *directory)
{
	struct stat file, names;

	if (stat(bundle, &file) < 0 || stat(directory, &names) < 0)
		return false;
	return file.st_dev == names.st_dev &&
	       llabs((long long)file.st_mtime - (long long)names.st_mtime) <= TOGETHER_S;
}

/* "5ed36f99.0" */
static bool
is_hashed_name(const char *name)
{
	return strlen(name) == 10 && strspn(name, "0123456789abcdef") == 8 &&
	       strcmp(name + 8, ".0") == 0;
}

static bool
has_hashed_names(const char *directory)
{
	DIR *names = opendir(directory);
	bool found = false;

	if (!names)
		return false;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): `names` is ours alone */
	for (const struct dirent *entry; !found && (entry = readdir(names));)
		found = is_hashed_name(entry->d_name);
	(void)closedir(names);
	return found;
}

bool
trust_directory_suffices(const char *bundle, const char *directory)
{
	return bundle && directory && are_from_one_run(bundle, directory) &&
	       has_hashed_names(directory);
}

const char *
trust_find_bundle(void)
{
	static const char *const paths[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem",
	};

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	return NULL;
}

const char *
trust_find_directory(void)
{
	static const char path[] = "/etc/ssl/certs";

	return has_hashed_names(path) ? path : NULL;
}
