/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "fuzz.h"
#include "registry/auth/token_answer.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_TOKEN_ANSWER struct token_answer answer = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (token_answer_parse(data, size, &answer, &err) < 0) {
		INSIST(err && !answer.token);
		return 0;
	}
	INSIST(*answer.token && text_is_printable_ascii(answer.token));
	INSIST(answer.life_s >= TOKEN_LIFE_FLOOR_S && answer.life_s <= TOKEN_LIFE_LIMIT_S);
	return 0;
}
