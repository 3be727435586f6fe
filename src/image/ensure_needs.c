#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/ensure_private.h"
#include "repository/session.h"

/* An image that is nowhere but in the store, by the name that import.h gives it there: other tools
 * take no digest behind a layout's path. */
static char *
name_in_store(struct session *session, const struct ensure_result *result, struct error **err)
{
	struct store *store = session_store(session, err);
	AUTO_FREE char *path = store ? realpath(store_path(store), NULL) : NULL;
	AUTO_FREE char *quoted = NULL;

	if (!store)
		return NULL;
	if (path && !strchr(path, ':'))
		return xasprintf("oci:%s:built:%s", path,
				 digest_hex(&result->fingerprint.digest).text);
	quoted = text_quote_string(store_path(store));
	error_set(err, ERROR_USAGE, "what was built cannot be named: the store is in '%s'", quoted);
	error_set_hint(err, "a ':' in its path ends the path of a layout; see --store");
	return NULL;
}

int
ensure_note_need(struct session *session, const char *name, const struct ensure_result *result,
		 struct strings *needs, struct error **err)
{
	AUTO_FREE char *reference = NULL;

	if (result->digest.algorithm == DIGEST_NONE)
		return 0;
	if (result->built && !result->pushed && !result->adopted)
		reference = name_in_store(session, result, err);
	else
		reference =
			xasprintf("%s@%s", result->repository, digest_text(&result->digest).text);
	if (!reference)
		return -1;
	strings_take(needs, xasprintf("%s=%s", name, reference));
	return 0;
}
