/* SPDX-License-Identifier: Apache-2.0 */
/* archive_room.h - archives for tests, and what reading them gives */
#ifndef OCIFP_TESTS_ARCHIVE_ROOM_H
#define OCIFP_TESTS_ARCHIVE_ROOM_H

#include <stddef.h>

#include "archive/archive.h"
#include "base/error.h"

/* This must succeed. */
struct archive_image *open_archive(const char *path);

/* This must fail; the text of the error holds `part`, and its class is `class_name` unless that is
 * NULL. */
void assert_not_opened(const char *path, enum error_kind kind, const char *part,
		       const char *class_name);
void assert_error(struct error *err, enum error_kind kind, const char *part,
		  const char *class_name);

/* The name of reference `i`; NULL: none. */
char *name_of(const struct archive_image *archive, size_t i);

/* What the reference names; the string is the caller's. */
char *read_text(const struct archive_image *archive, const struct digest *digest);
char *read_reference(const struct archive_image *archive, size_t i);

/* A blob through its place in the file; the string is the caller's. */
char *read_blob(const struct archive_image *archive, const struct descriptor *blob);

/* A config with the diff_ids of one or two layers; the caller's. */
char *config_of(const char *first, const char *second);

/* As `docker save` did: config.json, one/layer.tar, and two/layer.tar that is a link to it. */
void make_saved(const char *path, const char *manifest, const char *config, const char *layer);

#endif
