#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/ensure/ensure_private.h"
#include "image/resolve/target.h"
#include "project/project.h"
#include "repository/session.h"

/* An image that is nowhere but in the store, by its name there: other tools take no digest behind a
 * layout's path. */
static char *
name_in_store(struct session *session, const char *built_name, struct error **err)
{
	struct store *store = session_store(session, err);
	AUTO_FREE char *path = store ? realpath(store_path(store), NULL) : NULL;

	if (!store)
		return NULL;
	if (path && !strchr(path, ':'))
		return xasprintf("oci:%s:%s", path, built_name);
	error_set(err, ERROR_USAGE, "what was built cannot be named: the store is in '%s'",
		  QUOTED(store_path(store)));
	error_set_hint(err, "a ':' in its path ends the path of a layout; see --store");
	return NULL;
}

/* What the build command can really read; nothing in a dry run. */
static char *
reference_of(struct session *session, const struct ensure_result *result, struct error **err)
{
	if (result->built_name)
		return name_in_store(session, result->built_name, err);
	if (result->digest.algorithm == DIGEST_NONE)
		return xstrdup("");
	return xasprintf("%s@%s", result->repository, digest_text(&result->digest).text);
}

static bool
is_noted(const struct strings *needs, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < needs->count; i++)
		if (strncmp(needs->items[i], name, size) == 0 && needs->items[i][size] == '=')
			return true;
	return false;
}

static int
ensure_need(const struct ensure *ensure, const char *name, struct error **err)
{
	AUTO_ENSURE_RESULT struct ensure_result result = { 0 };
	AUTO_FREE char *reference = NULL;
	struct ensure need = {
		.session = ensure->session,
		.project = ensure->project,
		.options = ensure->options,
		.needs = ensure->needs,
		.result = &result,
	};

	if (ensure_one(&need, name, err) < 0)
		return error_wrap(err, "image '%s'", name);
	reference = reference_of(ensure->session, &result, err);
	if (!reference)
		return -1;
	strings_take(ensure->needs, xasprintf("%s=%s", name, reference));
	return 0;
}

int
ensure_needs(struct ensure *ensure, struct error **err)
{
	const struct strings *names = &ensure->target->image->needs;

	for (size_t i = 0; i < names->count; i++)
		if (!is_noted(ensure->needs, names->items[i]) &&
		    ensure_need(ensure, names->items[i], err) < 0)
			return -1;
	return 0;
}
