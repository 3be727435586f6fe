/* check.h - a check of a store under way */
#ifndef OCIFP_STORE_CHECK_H
#define OCIFP_STORE_CHECK_H

#include <stdbool.h>

#include "oci/digest.h"
#include "store/care.h"

struct check {
	struct store *store;
	bool repair;
	struct fsck_result result;
};

/* Notes that something is wrong with `path`, "<path>: <what>"; a repair moves it to quarantine. */
int check_report(struct check *check, const char *path, const char *what, struct error **err);

/* Notes a problem or a repair alone. */
void check_note(struct strings *lines, const char *path, const char *what);

int check_blobs(struct check *check, enum digest_algorithm algorithm, struct error **err);
int check_references(struct check *check, struct error **err);

#endif
