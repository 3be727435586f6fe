/* ensure_private.h - one image being ensured: what ensure.c and its neighbours share */
#ifndef OCIFP_IMAGE_ENSURE_ENSURE_PRIVATE_H
#define OCIFP_IMAGE_ENSURE_ENSURE_PRIVATE_H

#include "image/ensure/ensure.h"
#include "image/resolve/lookup.h"

struct ensure {
	struct session *session;
	const struct project *project;
	const struct ensure_options *options;
	const struct target *target;
	struct strings *needs; /* "IMAGE=REF" of those that builds need, as known so far */
	const struct platforms *platforms; /* wanted */
	bool deep;                         /* an index has lied: ask for each manifest */
	bool built;                        /* now the registry's own word counts */
	bool used_built;                   /* instead of building */
	struct digest own;                 /* what we have built ourselves; it needs no signature */
	struct lookup lookup;              /* the last answer */
	struct ensure_result *result;
};

/* Asks again; the answer is in `lookup`. */
int ensure_ask(struct ensure *ensure, struct error **err);

/* Pulls what the last answer found. */
int ensure_pull(struct ensure *ensure, struct error **err);

/* `name` NULL: the only image, or the default. */
int ensure_one(struct ensure *ensure, const char *name, struct error **err);

/* Before a build: the images that it needs, once each. */
int ensure_needs(struct ensure *ensure, struct error **err);

/* What was built here before, when it has all that result->missing says: it is pushed if that is
 * wanted.  *ret_used false: it has not, or must not be used. */
int ensure_use_built(struct ensure *ensure, bool *ret_used, struct error **err);

/* Builds what result->missing says, publishes it, pushes it if that is wanted, pulls it. */
int ensure_build(struct ensure *ensure, struct error **err);

#endif
