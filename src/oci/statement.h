/* SPDX-License-Identifier: Apache-2.0 */
/* statement.h - an in-toto statement: a claim of one type about subjects
 *
 * in-toto/attestation, spec/v1/statement.md; version 0.1 has the same fields.  The predicate is not
 * examined.  As with `cosign -a`, a subject may have annotations: ours is dev.ocifp.fingerprint.
 */
#ifndef OCIFP_OCI_STATEMENT_H
#define OCIFP_OCI_STATEMENT_H

#include <stddef.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct error;

#define STATEMENT_PAYLOAD_TYPE "application/vnd.in-toto+json"

struct statement_subject {
	char *name;           /* NULL: none */
	struct digest digest; /* DIGEST_NONE: none with a supported algorithm */
	char *fingerprint;    /* NULL: absent */
};

struct statement {
	char *predicate_type;
	struct statement_subject *subjects;
	size_t subject_count;
};

/* With one subject and an empty predicate; the caller owns the text, which is the same for the same
 * values. */
char *statement_format(const char *predicate_type, const struct statement_subject *subject);

/* ERROR_CONTENT: not a statement. */
int statement_parse(const void *bytes, size_t size, struct statement *ret_statement,
		    struct error **err);
void statement_release(struct statement *statement);
#define AUTO_STATEMENT CLEANUP(statement_release)

#endif
