/* auth_places.h - where files of credentials may be, in the order they are looked at
 *
 * --auth-file or $REGISTRY_AUTH_FILE alone; else the text of DOCKER_AUTH_CONFIG, docker's
 * config.json ($DOCKER_CONFIG, ~/.docker), then containers' auth.json ($XDG_RUNTIME_DIR/containers,
 * $XDG_CONFIG_HOME or ~/.config).
 */
#ifndef OCIFP_REGISTRY_AUTH_AUTH_PLACES_H
#define OCIFP_REGISTRY_AUTH_AUTH_PLACES_H

#include <stdbool.h>

struct registry_options;
struct strings;

/* Whether DOCKER_AUTH_CONFIG counts, before all paths. */
bool auth_places_has_variable(const struct registry_options *options);

/* Adds paths; a variable that is relative or empty is passed over. */
void auth_places_list(const struct registry_options *options, struct strings *paths);

#endif
