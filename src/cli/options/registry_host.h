/* SPDX-License-Identifier: Apache-2.0 */
/* registry_host.h - the operand of commands that are about a registry and not about an image */
#ifndef OCIFP_CLI_OPTIONS_REGISTRY_HOST_H
#define OCIFP_CLI_OPTIONS_REGISTRY_HOST_H

struct error;

/* In lower case; the caller owns it.  ERROR_USAGE: no host, or more than a host. */
char *registry_host_parse(const char *operand, struct error **err);

#endif
