/* SPDX-License-Identifier: Apache-2.0 */
/* completion.h - completes the last word of a command line
 *
 * The scripts of `ocifp completion` call `ocifp __complete WORD...` and show its answer: one
 * candidate a line, "WORD" or "WORD<tab>DESCRIPTION", then a line that allows other words:
 * ":files", ":directories" or ":none".
 *
 * bash passes the line up to the cursor, `ocifp __complete --bash LINE`, because it splits words at
 * ':' and '='; the candidates are then the part after the last of these.
 *
 * The argument's name in the tables decides: "FILE" and "DIR" are paths, "auto|never" is one of
 * these words, anything else is free text.  A word of the form "a|b" in a command's usage completes
 * its operands, IMAGE the images of the project file, REF the references of the store; volumes of
 * the store are offered where one can be mounted or removed.
 */
#ifndef OCIFP_CLI_COMPLETE_COMPLETION_H
#define OCIFP_CLI_COMPLETE_COMPLETION_H

struct context;

/* `words` follow "ocifp"; the last one, which may be "", is completed.  The caller owns the result.
 */
char *completion_answer(struct context *context, int count, char **words);

#endif
