/* suggest.h - the command that somebody may have meant */
#ifndef OCIFP_CLI_COMPLETE_SUGGEST_H
#define OCIFP_CLI_COMPLETE_SUGGEST_H

#include "base/strings.h"

/* One of the names, at most two slips away: a letter too many, too few, another one or two in the
 * wrong order.  NULL: none is near enough. */
const char *suggest(const struct strings *names, const char *word);

#endif
