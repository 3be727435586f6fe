/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/terminal.h"

#include <string.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "stream/sink.h"

bool
terminal_is_rewritable(int fd)
{
	const char *terminal = environment_find("TERM");

	return isatty(fd) && terminal && strcmp(terminal, "dumb") != 0;
}

bool
terminal_has_colours(int fd)
{
	const char *refusal = environment_find("NO_COLOR");
	const char *terminal = environment_find("TERM");

	if ((refusal && *refusal) || !terminal_is_rewritable(fd))
		return false;
	return !text_starts(terminal, "vt") && !text_ends(terminal, "-mono") &&
	       !text_ends(terminal, "-m");
}

char *
terminal_coloured(const char *text, enum colour colour, bool is_wanted)
{
	static const int codes[] = {
		[COLOUR_RED] = 31,
		[COLOUR_GREEN] = 32,
		[COLOUR_YELLOW] = 33,
		[COLOUR_CYAN] = 36,
	};

	return is_wanted ? xasprintf("\033[%dm%s\033[0m", codes[colour], text) : xstrdup(text);
}

struct terminal_sink {
	struct sink sink;
	struct sink *next;
	uint8_t lead;  /* the last byte, if a character of UTF-8 begins with it */
	unsigned more; /* bytes of that character are to follow */
};

/* U+0080 to U+009F, too, which are bytes of their own where a terminal does not read UTF-8. */
static bool
is_obeyed(struct terminal_sink *self, uint8_t byte)
{
	uint8_t lead = self->lead;

	self->lead = 0;
	if (self->more > 0 && (byte & 0xc0) == 0x80) {
		self->more--;
		return lead == 0xc2 && byte < 0xa0;
	}
	self->lead = byte;
	self->more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
	return (byte < ' ' && !strchr("\t\n\r", byte)) || byte == '\0' || byte == 0x7f ||
	       (byte >= 0x80 && byte < 0xa0);
}

static int
terminal_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct terminal_sink *self = (struct terminal_sink *)sink;
	const uint8_t *text = bytes;

	for (size_t i = 0; i < size; i++) {
		if (is_obeyed(self, text[i])) {
			error_set(err, ERROR_USAGE,
				  "cannot write control characters to a terminal");
			return error_set_hint(err, "redirect standard output");
		}
	}
	return sink_write(self->next, bytes, size, err);
}

static int
terminal_finish(struct sink *sink, struct error **err)
{
	return sink_finish(((struct terminal_sink *)sink)->next, err);
}

static void
terminal_free(struct sink *sink)
{
	sink_free(((struct terminal_sink *)sink)->next);
	free(sink);
}

struct sink *
sink_terminal(int fd, const char *what)
{
	static const struct sink_ops ops = { terminal_write, terminal_finish, terminal_free };
	struct terminal_sink *self = XNEW(struct terminal_sink);

	self->sink.ops = &ops;
	self->next = sink_fd(fd, what);
	return &self->sink;
}

struct sink *
sink_stdout(void)
{
	return isatty(STDOUT_FILENO) ? sink_terminal(STDOUT_FILENO, "standard output")
				     : sink_fd(STDOUT_FILENO, "standard output");
}
