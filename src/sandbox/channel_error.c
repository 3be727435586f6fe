/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "sandbox/channel.h"

void
message_put_error(struct message *message, const struct error *error)
{
	const char *name = error_class(error);
	const char *hint = error_hint(error);

	message_put_number(message, error_kind(error));
	message_put_text(message, name ? name : "");
	message_put_text(message, error_text(error));
	message_put_text(message, hint ? hint : "");
}

/* Those on which nobody acts as upon what a registry said. */
static enum error_class
known_class(const char *name)
{
	enum error_class parsed = error_class_parse(name);

	switch (parsed) {
	case CLASS_COMPRESSED:
	case CLASS_DIGEST:
	case CLASS_LIMIT:
	case CLASS_NEEDS_FLAT:
	case CLASS_NO_USERNS:
	case CLASS_SPACE:
	case CLASS_UNSUPPORTED:
		return parsed;
	default:
		return CLASS_NONE;
	}
}

/* An honest child has quoted what is foreign in it: of two backslashes one was there. */
static char *
harmless(const char *text)
{
	char *quoted = text_quote_string(text);
	char *to = quoted;

	for (const char *from = quoted; *from; from++) {
		*to++ = *from;
		if (from[0] == '\\' && from[1] == '\\')
			from++;
	}
	*to = '\0';
	return quoted;
}

int
message_get_error(struct message *message, struct error **err)
{
	uint64_t kind = 0;
	const char *name = NULL;
	const char *text = NULL;
	const char *hint = NULL;
	AUTO_FREE char *shown = NULL;
	AUTO_FREE char *shown_hint = NULL;

	if (message_get_number(message, &kind, err) < 0 ||
	    message_get_text(message, &name, err) < 0 ||
	    message_get_text(message, &text, err) < 0 || message_get_text(message, &hint, err) < 0)
		return -1;
	shown = harmless(text);
	shown_hint = harmless(hint);
	error_set(err,
		  kind == ERROR_CONTENT || kind == ERROR_LOCAL ? (enum error_kind)kind
							       : ERROR_FAILURE,
		  "%s", shown);
	error_set_class(err, known_class(name));
	if (*shown_hint)
		error_set_hint(err, "%s", shown_hint);
	return -1;
}
