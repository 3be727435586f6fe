/* SPDX-License-Identifier: Apache-2.0 */
#include "http/challenge.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "http/headers.h"

#define CHALLENGES_LIMIT_COUNT 16

/* The end of a malformed element: the next comma outside quotes. */
static const char *
skip_element(const char *at)
{
	bool quoted = false;

	for (; *at && (quoted || *at != ','); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && at[1])
			at++;
	}
	return at;
}

static char *
read_value(const char **at)
{
	size_t size;
	char *value;

	*at = header_skip_space(*at);
	if (**at == '"')
		return header_take_quoted(at);
	/* Some registries do not quote the realm, so accept more than a token. */
	size = strcspn(*at, ", \t\"");
	if (size == 0)
		return NULL;
	value = xstrndup(*at, size);
	*at += size;
	return value;
}

static char **
find_field(struct challenge *challenge, const char *name, size_t size)
{
	const struct {
		const char *name;
		char **value;
	} fields[] = {
		{ "realm", &challenge->realm },
		{ "service", &challenge->service },
		{ "scope", &challenge->scope },
		{ "error", &challenge->error },
	};

	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (strlen(fields[i].name) == size && strncasecmp(fields[i].name, name, size) == 0)
			return fields[i].value;
	}
	return NULL;
}

/* Of two parameters with one name the first counts. */
static void
take_parameter(struct challenge *challenge, const char *name, size_t size, char *value)
{
	char **field = challenge ? find_field(challenge, name, size) : NULL;

	if (field && !*field)
		*field = value;
	else
		free(value);
}

static enum challenge_scheme
scheme_of(const char *name, size_t size)
{
	if (size == 6 && strncasecmp(name, "bearer", size) == 0)
		return CHALLENGE_BEARER;
	if (size == 5 && strncasecmp(name, "basic", size) == 0)
		return CHALLENGE_BASIC;
	return CHALLENGE_OTHER;
}

/* Reads one "name = value" or the name of a scheme; *at is moved behind it. */
static void
read_element(const char **at, struct challenges *challenges, struct challenge **current)
{
	const char *name = *at;
	size_t size = header_token_size(name);
	const char *after = header_skip_space(name + size);
	char *value;

	if (size > 0 && *after != '=') {
		struct challenge *added;

		challenges->items =
			xgrow(challenges->items, challenges->count, sizeof(*challenges->items));
		added = &challenges->items[challenges->count++];
		*added = (struct challenge){ .scheme = scheme_of(name, size) };
		*current = added;
		*at = name + size;
		return;
	}
	*at = after + (size > 0);
	value = size > 0 ? read_value(at) : NULL;
	if (value)
		take_parameter(*current, name, size, value);
	else
		*at = skip_element(*at);
}

void
challenges_parse(const char *header, struct challenges *challenges)
{
	struct challenge *current = NULL;

	if (strlen(header) > CHALLENGE_LIMIT_BYTES)
		return;
	for (const char *at = header; challenges->count < CHALLENGES_LIMIT_COUNT;) {
		at += strspn(at, " \t,");
		if (!*at)
			return;
		read_element(&at, challenges, &current);
	}
}

static const struct challenge *
find_scheme(const struct challenges *challenges, enum challenge_scheme scheme)
{
	for (size_t i = 0; i < challenges->count; i++) {
		if (challenges->items[i].scheme == scheme)
			return &challenges->items[i];
	}
	return NULL;
}

const struct challenge *
challenges_choose(const struct challenges *challenges)
{
	const struct challenge *bearer = find_scheme(challenges, CHALLENGE_BEARER);

	return bearer ? bearer : find_scheme(challenges, CHALLENGE_BASIC);
}

bool
challenge_lacks_scope(const struct challenge *challenge)
{
	return challenge->error && strcmp(challenge->error, "insufficient_scope") == 0;
}

void
challenges_release(struct challenges *challenges)
{
	for (size_t i = 0; i < challenges->count; i++) {
		free(challenges->items[i].realm);
		free(challenges->items[i].service);
		free(challenges->items[i].scope);
		free(challenges->items[i].error);
	}
	free(challenges->items);
	*challenges = (struct challenges){ 0 };
}
