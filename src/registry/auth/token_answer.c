/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/token_answer.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"

static int
refuse(struct error **err, const char *why)
{
	error_set(err, ERROR_UNAVAILABLE, "invalid answer of the token server: %s", why);
	return error_set_class(err, CLASS_PROTOCOL);
}

static const char *
find_token(const json_t *document)
{
	const char *token = json_string_value(json_object_get(document, "token"));

	if (token && *token)
		return token;
	return json_string_value(json_object_get(document, "access_token"));
}

static int64_t
read_life_s(const json_t *document)
{
	const json_t *value = json_object_get(document, "expires_in");
	double life_s = json_number_value(value);

	if (!(life_s > TOKEN_LIFE_FLOOR_S))
		return TOKEN_LIFE_FLOOR_S;
	if (life_s > TOKEN_LIFE_LIMIT_S)
		return TOKEN_LIFE_LIMIT_S;
	return (int64_t)life_s;
}

int
token_answer_parse(const void *bytes, size_t size, struct token_answer *ret_answer,
		   struct error **err)
{
	AUTO_ERROR struct error *unreadable = NULL;
	AUTO_JSON json_t *document = document_parse(bytes, size, &unreadable);
	const char *token;

	if (!document)
		return refuse(err, "expected a JSON object");
	token = find_token(document);
	if (!token || !*token)
		return error_set(err, ERROR_DENIED, "the token server's answer has no token");
	if (!text_is_printable_ascii(token) || strchr(token, ' '))
		return refuse(err, "expected a token in printable ASCII");
	*ret_answer =
		(struct token_answer){ .token = xstrdup(token), .life_s = read_life_s(document) };
	return 0;
}

void
token_answer_release(struct token_answer *answer)
{
	secret_free(answer->token);
	*answer = (struct token_answer){ 0 };
}
