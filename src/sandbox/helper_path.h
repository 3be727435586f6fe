/* SPDX-License-Identifier: Apache-2.0 */
/* helper_path.h - where the program `ocifp-layer` is; the caller owns the path */
#ifndef OCIFP_SANDBOX_HELPER_PATH_H
#define OCIFP_SANDBOX_HELPER_PATH_H

struct error;

char *helper_path(struct error **err);

#endif
