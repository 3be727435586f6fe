/* SPDX-License-Identifier: Apache-2.0 */
/* strings.h - a growing list of strings that it owns */
#ifndef OCIFP_BASE_STRINGS_H
#define OCIFP_BASE_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct strings {
	char **items; /* NULL while empty; ends with a NULL that is not counted */
	size_t count;
	size_t capacity;
};

void strings_add(struct strings *strings, const char *text);                /* copies */
void strings_copy(const struct strings *strings, struct strings *ret_copy); /* adds all */
void strings_take(struct strings *strings, char *text);
char *strings_join(const struct strings *strings, const char *separator); /* the caller's */
bool strings_has(const struct strings *strings, const char *text);
void strings_sort(struct strings *strings); /* by bytes */
bool strings_has_sorted(const struct strings *sorted, const char *text);
void strings_release(struct strings *strings);
#define AUTO_STRINGS CLEANUP(strings_release)

#endif
