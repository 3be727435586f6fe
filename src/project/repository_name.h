/* SPDX-License-Identifier: Apache-2.0 */
/* repository_name.h - an image's repository: "host/name" in a registry or "oci:DIR" on this disk */
#ifndef OCIFP_PROJECT_REPOSITORY_NAME_H
#define OCIFP_PROJECT_REPOSITORY_NAME_H

struct error;

/* The normal form; a relative DIR is below `directory`.  The caller owns it.  NULL, ERROR_USAGE: a
 * tag, a digest, another transport. */
char *project_repository_name(const char *text, const char *directory, struct error **err);

#endif
