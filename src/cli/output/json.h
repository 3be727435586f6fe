/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - what results in JSON have in common, and an object as one line of output */
#ifndef OCIFP_CLI_OUTPUT_JSON_H
#define OCIFP_CLI_OUTPUT_JSON_H

#include <jansson.h>

struct platforms;

json_t *json_platforms(const struct platforms *platforms); /* ["linux/amd64", ...] */

/* Takes the object.  ASCII alone, so that no terminal and no CI runner finds in it more than text;
 * the line end is there; the caller owns it. */
char *json_take_line(json_t *object);

#endif
