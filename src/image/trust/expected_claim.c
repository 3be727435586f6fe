/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/expected_claim.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/location.h"
#include "oci/statement.h"

static int
refuse(struct error **err, const char *what, const char *said)
{
	error_set(err, ERROR_REFUSED, "the signature is for another %s, '%s'", what, QUOTED(said));
	return error_set_class(err, CLASS_SIGNATURE);
}

/* "index.docker.io" and a tag do not matter. */
static bool
is_same_repository(const char *said, const char *wanted)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *repository = NULL;

	if (location_parse(said, &location, &ignored) < 0)
		return false;
	repository = location_repository(&location);
	return strcmp(repository, wanted) == 0;
}

int
expected_claim_compare(const struct expected_claim *expected, const struct simple_signing *said,
		       struct error **err)
{
	const struct simple_signing *wanted = &expected->claim;
	const char *fingerprint = said->fingerprint ? said->fingerprint : expected->annotated;

	if (!digest_equal(&said->digest, &wanted->digest))
		return refuse(err, "image", digest_text(&said->digest).text);
	if (wanted->reference &&
	    (said->reference ? !is_same_repository(said->reference, wanted->reference)
			     : expected->must_name))
		return refuse(err, "repository", said->reference ? said->reference : "none");
	if (wanted->fingerprint && (!fingerprint || strcmp(fingerprint, wanted->fingerprint) != 0))
		return refuse(err, "fingerprint", fingerprint ? fingerprint : "none");
	return 0;
}

/* The name of an attestation's subject may be anything, a file's too. */
static bool
is_place(const char *name)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	return name && location_parse(name, &location, &ignored) == 0;
}

int
expected_claim_compare_statement(const struct expected_claim *expected,
				 const struct statement *statement, struct error **err)
{
	AUTO_ERROR struct error *nearest = NULL;

	for (size_t i = 0; i < statement->subject_count; i++) {
		const struct statement_subject *subject = &statement->subjects[i];
		AUTO_ERROR struct error *failure = NULL;
		bool is_image = digest_equal(&subject->digest, &expected->claim.digest);
		struct simple_signing said = {
			.reference = is_place(subject->name) ? subject->name : NULL,
			.digest = subject->digest,
			.fingerprint = subject->fingerprint,
		};

		if (expected_claim_compare(expected, &said, &failure) == 0)
			return 0;
		if (!nearest || is_image) {
			error_free(nearest);
			nearest = TAKE_PTR(failure);
		}
	}
	return error_pass(err, TAKE_PTR(nearest));
}
