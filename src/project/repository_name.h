/* SPDX-License-Identifier: Apache-2.0 */
/* repository_name.h - where an image lives: "host/name" in a registry or "oci:DIR" on this disk */
#ifndef OCIFP_PROJECT_REPOSITORY_NAME_H
#define OCIFP_PROJECT_REPOSITORY_NAME_H

struct error;

/* The one spelling that the rest of the program knows, a relative DIR beneath `directory`; the
 * caller owns it.  NULL, ERROR_USAGE: a tag, a digest, another transport. */
char *project_repository_name(const char *text, const char *directory, struct error **err);

#endif
