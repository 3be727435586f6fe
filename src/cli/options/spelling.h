/* SPDX-License-Identifier: Apache-2.0 */
/* spelling.h - locations without a transport: "app.tar", "/dir", "./root"
 *
 * Such a path is local: a name ending in ".tar" is an archive, a directory with `oci-layout` a
 * layout.  A notice tells the full form.
 */
#ifndef OCIFP_CLI_OPTIONS_SPELLING_H
#define OCIFP_CLI_OPTIONS_SPELLING_H

#include <stdbool.h>

struct context;
struct error;

/* A file or directory by its form: "a.tar", "/dir", "./root", "../x". */
bool spelling_is_path(const char *text);

/* The full form of `text`, "docker-archive:app.tar"; a copy for anything but a path.  The caller
 * owns it.  An input directory is a layout or a root filesystem; an output directory is a layout.
 */
char *spelling_of_source(struct context *context, const char *text);
char *spelling_of_output(struct context *context, const char *text);

/* For a `text` that names no image.  ERROR_USAGE if it is the bare name of a directory here. */
int spelling_refuse_directory(const char *text, struct error **err);

#endif
