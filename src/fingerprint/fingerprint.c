/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/fingerprint.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"

static const char *const scheme_names[] = { [SCHEME_TREE] = "tree", [SCHEME_CONCAT] = "concat" };

bool
fingerprint_arg_name_is_valid(const char *name)
{
	static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
					 "0123456789.-";

	return *name && !strchr("0123456789.-", *name) && !name[strspn(name, characters)];
}

void
fingerprint_pairs_add(struct fingerprint_pairs *pairs, const char *key, const char *value)
{
	struct fingerprint_pair pair = { .key = xstrdup(key), .value = xstrdup(value) };

	pairs->items = xgrow(pairs->items, pairs->count, sizeof(*pairs->items));
	pairs->items[pairs->count++] = pair;
}

void
fingerprint_pairs_release(struct fingerprint_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].key);
		free(pairs->items[i].value);
	}
	free(pairs->items);
	*pairs = (struct fingerprint_pairs){ 0 };
}

void
fingerprint_inputs_release(struct fingerprint_inputs *inputs)
{
	strings_release(&inputs->paths);
	strings_release(&inputs->optional);
	strings_release(&inputs->exclude);
	fingerprint_pairs_release(&inputs->args);
	fingerprint_pairs_release(&inputs->pins);
	fingerprint_pairs_release(&inputs->needs);
	*inputs = (struct fingerprint_inputs){ 0 };
}

char *
fingerprint_tag(const struct fingerprint *fingerprint, unsigned length)
{
	struct digest_text hex = digest_hex(&fingerprint->digest);

	return xstrndup(hex.text, length);
}

const char *
fingerprint_scheme_name(enum fingerprint_scheme scheme)
{
	return scheme_names[scheme];
}

int
fingerprint_scheme_parse(const char *name, enum fingerprint_scheme *ret_scheme, struct error **err)
{
	for (size_t i = 0; i < COUNT_OF(scheme_names); i++) {
		if (strcmp(name, scheme_names[i]) == 0) {
			*ret_scheme = (enum fingerprint_scheme)i;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, "scheme '%s' is neither 'tree' nor 'concat'",
			 QUOTED(name));
}
