#include "registry/auth/auth_places.h"

#include "base/environment.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "registry/registry.h"

/* `variable`'s directory, or one below the home directory; whichever is there first. */
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

bool
auth_places_has_variable(const struct registry_options *options)
{
	return !find_only(options);
}

void
auth_places_list(const struct registry_options *options, struct strings *paths)
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
