/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.h - the WWW-Authenticate header
 *
 * RFC 9110, section 11.3: schemes are case-insensitive, values may be quoted and hold commas,
 * several challenges may share a header.
 */
#ifndef OCIFP_HTTP_CHALLENGE_H
#define OCIFP_HTTP_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;

enum challenge_scheme { CHALLENGE_OTHER, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	char *realm; /* NULL when absent, as all of these */
	char *service;
	char *scope;
	char *error;
};

struct challenges {
	struct challenge *items;
	size_t count;
};

/* Adds the challenges of one header value; malformed elements are skipped. */
void challenges_parse(const char *header, struct challenges *challenges);

/* Prefers Bearer to Basic; NULL: neither is offered. */
const struct challenge *challenges_choose(const struct challenges *challenges);

/* error="insufficient_scope": a token with a wider scope may be accepted. */
bool challenge_lacks_scope(const struct challenge *challenge);
void challenges_release(struct challenges *challenges);
#define AUTO_CHALLENGES CLEANUP(challenges_release)

#endif
