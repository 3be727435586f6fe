/* ensure_private.h - one image being ensured: what ensure.c and its neighbours share */
#ifndef OCIFP_IMAGE_ENSURE_PRIVATE_H
#define OCIFP_IMAGE_ENSURE_PRIVATE_H

#include "image/ensure.h"
#include "image/lookup.h"

struct ensure {
	struct session *session;
	const struct project *project;
	const struct ensure_options *options;
	const struct target *target;
	const struct strings *needs;       /* "IMAGE=REF" of those it needs */
	const struct platforms *platforms; /* wanted */
	bool deep;                         /* an index has lied: ask for each manifest */
	bool built;                        /* now the registry's own word counts */
	struct digest own;                 /* what we have built ourselves; it needs no signature */
	struct lookup lookup;              /* the last answer */
	struct ensure_result *result;
};

/* Asks again; the answer is in `lookup`. */
int ensure_ask(struct ensure *ensure, struct error **err);

/* Pulls what the last answer found. */
int ensure_pull(struct ensure *ensure, struct error **err);

/* Adds "IMAGE=REF", for the build commands of images that need it: what they can really read. */
int ensure_note_need(struct session *session, const char *name, const struct ensure_result *result,
		     struct strings *needs, struct error **err);

/* Builds what result->missing says, publishes it, pushes it if that is wanted, pulls it. */
int ensure_build(struct ensure *ensure, struct error **err);

#endif
