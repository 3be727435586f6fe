/* SPDX-License-Identifier: Apache-2.0 */
/* spelling.h - places as people type them: "app.tar", "/dir", "./root"
 *
 * A path without a transport is local: a name ending in ".tar" is an
 * archive, a directory with `oci-layout` a layout.  The user is told how it was taken.
 */
#ifndef OCIFP_CLI_OPTIONS_SPELLING_H
#define OCIFP_CLI_OPTIONS_SPELLING_H

#include <stdbool.h>

struct context;

/* A file or directory by its form: "a.tar", "/dir", "./root", "../x". */
bool spelling_is_path(const char *text);

/* `text` in full, "docker-archive:app.tar"; of anything but a path, a copy.  The caller owns it. To
 * be read, a directory is a layout or a root filesystem; to be written, a layout. */
char *spelling_of_source(struct context *context, const char *text);
char *spelling_of_output(struct context *context, const char *text);

#endif
