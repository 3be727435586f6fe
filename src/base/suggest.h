/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h - the word that somebody may have meant
 *
 * For commands, options, platforms, keys of the project file and its images.
 */
#ifndef OCIFP_BASE_SUGGEST_H
#define OCIFP_BASE_SUGGEST_H

#include "base/strings.h"

struct error;

/* One of the names, at most two slips away: a letter too many, too few, another one or two in the
 * wrong order.  NULL: none is near enough. */
const char *suggest(const struct strings *names, const char *word);

/* The hint "did you mean 'NAME'?" if one is near enough; false: none is. */
bool suggest_hint(struct error **err, const struct strings *names, const char *word);

#endif
