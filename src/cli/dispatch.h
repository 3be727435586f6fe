/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.h - finds the command of a command line, reads its options and runs it */
#ifndef OCIFP_CLI_DISPATCH_H
#define OCIFP_CLI_DISPATCH_H

struct context;
struct error;

int dispatch(struct context *context, int argc, char **argv, struct error **err);

#endif
