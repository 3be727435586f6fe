/* SPDX-License-Identifier: Apache-2.0 */
/* named_files.h - files of a project that its own texts name, such as those of COPY
 *
 * A name is relative to the project's directory and not trusted: a path that leaves the directory,
 * also by a link, is left out, and so is one that a project file cannot have.  Each file is listed
 * once, and not below a listed directory.
 */
#ifndef OCIFP_PROJECT_NAMED_FILES_H
#define OCIFP_PROJECT_NAMED_FILES_H

#include "base/strings.h"

/* The existing ones. */
void named_files_add(const char *directory, const char *name, struct strings *files);

/* A pattern of the shell for files and directories; links are not followed. */
void named_files_match(const char *directory, const char *pattern, struct strings *files);

/* Missing ones; a few are listed. */
void named_files_note_absent(const char *directory, const char *name, struct strings *absent);

#endif
