/* SPDX-License-Identifier: Apache-2.0 */
/* input_files.h - the files that a fingerprint covers
 *
 * There may be a million of them, so an entry is small and holds no descriptor.
 */
#ifndef OCIFP_FINGERPRINT_INPUT_FILES_H
#define OCIFP_FINGERPRINT_INPUT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;

/* Modes as in git: a checkout keeps no others. */
enum input_mode { INPUT_PLAIN = 0100644, INPUT_EXECUTABLE = 0100755, INPUT_LINK = 0120000 };

#define INPUT_DIGEST_BYTES 32

struct input_file {
	char *path; /* from the directory */
	bool named; /* named by the user, so that a link is followed */
	/* Filled in when the file is read: */
	enum input_mode mode;
	uint64_t size;
	uint8_t sha256[INPUT_DIGEST_BYTES];
};

struct input_files {
	struct input_file *items;
	size_t count;
};

/* Takes the path, also on failure.  ERROR_USAGE past INPUTS_LIMIT_COUNT. */
int input_files_take(struct input_files *files, char *path, bool named, struct error **err);

/* In byte order of path, from the entry `first` on. */
void input_files_sort(struct input_files *files, size_t first);

/* Of adjacent entries with the same path keeps one: the named one, if there is one. */
void input_files_unique(struct input_files *files);
void input_files_release(struct input_files *files);
#define AUTO_INPUT_FILES CLEANUP(input_files_release)

#endif
