/* SPDX-License-Identifier: Apache-2.0 */
/* libraries.h - the linked libraries, with the versions in use */
#ifndef OCIFP_CLI_LIBRARIES_H
#define OCIFP_CLI_LIBRARIES_H

#include <jansson.h>

/* {"libcurl": "7.88.1 ...", ...} in display order */
json_t *libraries_object(void);

#endif
