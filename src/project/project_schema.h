/* SPDX-License-Identifier: Apache-2.0 */
/* project_schema.h - the project file as JSON Schema, for editors
 *
 * Made from the tables that the file is read with.  JSON Schema, draft-07, which editors support.
 */
#ifndef OCIFP_PROJECT_PROJECT_SCHEMA_H
#define OCIFP_PROJECT_PROJECT_SCHEMA_H

#include <jansson.h>

/* The caller owns it. */
json_t *project_schema(void);

#endif
