#include "cli/github.h"

void
github_say_error(const char *line)
{
	(void)line;
}
