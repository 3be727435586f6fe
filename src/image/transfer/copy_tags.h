/* SPDX-License-Identifier: Apache-2.0 */
/* copy_tags.h - copies many images from one place to another, as a mirror job does
 *
 *     HEAD of the tag at both places --> equal: nothing to do
 *                                    --> copy_image()
 *
 * A row that fails does not stop the others.  The next run finds everything that was copied, so it
 * continues an interrupted one.
 */
#ifndef OCIFP_IMAGE_TRANSFER_COPY_TAGS_H
#define OCIFP_IMAGE_TRANSFER_COPY_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "image/transfer/copy_image.h"
#include "oci/location.h"

struct tag_filter;

enum copy_outcome {
	COPY_PRESENT, /* the destination had it */
	COPY_KEPT,    /* with missing_only: its tag names another image there */
	COPY_NEW,
	COPY_MOVED, /* its tag named another image */
	COPY_FAILED
};

struct copy_row {
	struct location source; /* with a tag or a digest */
	struct location destination;
	enum copy_outcome outcome;
	struct digest digest;  /* DIGEST_NONE: not known */
	struct error *failure; /* of COPY_FAILED */
};

struct copy_rows {
	struct copy_row *items;
	size_t count;
};

/* Takes the locations' content. */
void copy_rows_add(struct copy_rows *rows, struct location *source, struct location *destination);

/* A row for each tag of the source's repository that the filter leaves.  The destination gets the
 * same tags. */
int copy_rows_add_tags(struct session *session, const struct location *source,
		       const struct location *destination, const struct tag_filter *filter,
		       struct copy_rows *rows, struct error **err);
void copy_rows_release(struct copy_rows *rows);
#define AUTO_COPY_ROWS CLEANUP(copy_rows_release)

struct copy_rows_options {
	struct copy_options copy; /* its destinations are the rows' */
	bool missing_only;
	bool dry_run; /* the outcomes are those that a run would have */
};

/* Fills the outcomes.  -1: --timeout has passed, or nothing can continue; rows that were not
 * reached are COPY_FAILED without a failure. */
int copy_rows_run(struct session *session, const struct copy_rows_options *options,
		  struct copy_rows *rows, struct error **err);

#endif
