/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/terminal.h"

#include <string.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/text.h"
#include "base/xalloc.h"

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
