/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - common to results in JSON, and an object as one line of output */
#ifndef OCIFP_CLI_OUTPUT_JSON_H
#define OCIFP_CLI_OUTPUT_JSON_H

#include <jansson.h>

struct platforms;

json_t *json_platforms(const struct platforms *platforms); /* ["linux/amd64", ...] */

/* Takes the object.  Only ASCII, so that a terminal or a CI runner finds no control sequences in
 * it; ends with a line end; the caller owns it. */
char *json_take_line(json_t *object);

#endif
