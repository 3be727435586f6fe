/* SPDX-License-Identifier: Apache-2.0 */
/* libraries.h - what the program stands on, in the versions that it runs with */
#ifndef OCIFP_CLI_LIBRARIES_H
#define OCIFP_CLI_LIBRARIES_H

#include <jansson.h>

/* {"libcurl": "7.88.1 ...", ...} in the order in which it is shown */
json_t *libraries_object(void);

#endif
