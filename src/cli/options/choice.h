/* SPDX-License-Identifier: Apache-2.0 */
/* choice.h - "auto|tty|plain": an argument that is one of a few words */
#ifndef OCIFP_CLI_OPTIONS_CHOICE_H
#define OCIFP_CLI_OPTIONS_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

/* Lower case and a '|': not "IMAGE|REF". */
bool choice_is(const char *text, size_t size);
bool choice_has(const char *choice, const char *word);

#endif
