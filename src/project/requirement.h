/* SPDX-License-Identifier: Apache-2.0 */
/* requirement.h - what an image must have before it is used: `require` of the project file
 *
 *     - fingerprint                           the annotation
 *     - signature                             by a key of `signed_by`
 *     - keyless: {issuer: I, subject: S}      a signature by that identity
 *     - attestation: TYPE                     by one of those keys and identities
 *     - attestation: TYPE                     by this identity
 *       keyless: {issuer: I, subject: S}
 */
#ifndef OCIFP_PROJECT_REQUIREMENT_H
#define OCIFP_PROJECT_REQUIREMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "project/config_file.h"

struct requirement {
	char *attestation; /* predicate type; NULL: a signature */
	char *issuer;      /* of the identity that has to sign; NULL: none */
	char *subject;
	bool is_logged; /* false: the identity's instance has no transparency log */
};

struct requirements {
	bool fingerprint;
	bool signature;
	struct requirement *items;
	size_t count;
};

config_reader requirements_read; /* struct requirements */

#define REQUIREMENTS_SCHEMA \
	"{\"type\": \"array\", \"items\": {\"anyOf\": [" SCHEMA_ONE_OF( \
		"\"fingerprint\", \"signature\"") ", {\"type\": \"object\", \"minProperties\": " \
						  "1, " \
						  "\"additionalProperties\": false, " \
						  "\"properties\": {\"attestation\": {\"type\": " \
						  "\"string\"}, " \
						  "\"keyless\": {\"type\": \"object\", " \
						  "\"additionalProperties\": false, " \
						  "\"required\": " \
						  "[\"issuer\", \"subject\"], \"properties\": " \
						  "{\"issuer\": {\"type\": \"string\"}, " \
						  "\"subject\": {\"type\": \"string\"}, " \
						  "\"log\": " SCHEMA_BOOL "}}}}]}}"

void requirements_release(struct requirements *requirements);

/* Whether one of them names an identity, or an attestation without one. */
bool requirements_name_identity(const struct requirements *requirements);
bool requirements_need_any_signer(const struct requirements *requirements);

#endif
