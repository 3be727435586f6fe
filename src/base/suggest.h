/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h - the name that a misspelt word may stand for
 *
 * For commands, options, platforms, keys of the project file and its images.
 */
#ifndef OCIFP_BASE_SUGGEST_H
#define OCIFP_BASE_SUGGEST_H

#include "base/strings.h"

struct error;

/* The name within two edits of the word: a letter too many, missing, wrong, or two swapped.  NULL:
 * no name is near enough. */
const char *suggest(const struct strings *names, const char *word);

/* Sets the hint "did you mean 'NAME'?" if a name is near enough; else returns false. */
bool suggest_hint(struct error **err, const struct strings *names, const char *word);

#endif
