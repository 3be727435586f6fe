#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "sandbox/channel.h"

/* Classes are literals. */
static const char *const classes[] = {
	"digest", "limit", "unsupported", "space", "needs_flat", "compressed", "no_userns",
};

void
message_put_error(struct message *message, const struct error *error)
{
	const char *class_name = error_class(error);
	const char *hint = error_hint(error);

	message_put_number(message, error_kind(error));
	message_put_text(message, class_name ? class_name : "");
	message_put_text(message, error_text(error));
	message_put_text(message, hint ? hint : "");
}

static enum error_kind
known_kind(uint64_t number)
{
	return number == ERROR_CONTENT || number == ERROR_LOCAL ? (enum error_kind)number
								: ERROR_FAILURE;
}

static void
set_known_class(struct error **err, const char *name)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(classes[i], name) == 0)
			error_set_class(err, classes[i]);
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
	const char *class_name = NULL;
	const char *text = NULL;
	const char *hint = NULL;
	AUTO_FREE char *shown = NULL;
	AUTO_FREE char *shown_hint = NULL;

	if (message_get_number(message, &kind, err) < 0 ||
	    message_get_text(message, &class_name, err) < 0 ||
	    message_get_text(message, &text, err) < 0 || message_get_text(message, &hint, err) < 0)
		return -1;
	shown = harmless(text);
	shown_hint = harmless(hint);
	error_set(err, known_kind(kind), "%s", shown);
	set_known_class(err, class_name);
	if (*shown_hint)
		error_set_hint(err, "%s", shown_hint);
	return -1;
}
