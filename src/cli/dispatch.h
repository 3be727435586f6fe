/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.h - from the words of the command line to the command that runs */
#ifndef OCIFP_CLI_DISPATCH_H
#define OCIFP_CLI_DISPATCH_H

struct context;
struct error;

int dispatch(struct context *context, int argc, char **argv, struct error **err);

#endif
