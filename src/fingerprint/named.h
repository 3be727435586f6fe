/* SPDX-License-Identifier: Apache-2.0 */
/* named.h - an input as the user named it: a file, a directory, or nothing */
#ifndef OCIFP_FINGERPRINT_NAMED_H
#define OCIFP_FINGERPRINT_NAMED_H

#include <stdbool.h>

#include "base/strings.h"
#include "fingerprint/exact_names.h"

struct error;
struct fingerprint_inputs;

/* The lists are in normal form. */
struct named {
	int dir_fd; /* what paths are relative to; borrowed */
	struct strings paths;
	struct strings optional;
	struct strings exclude;
	struct exact_names exact;
};

enum named_kind { NAMED_MISSING, NAMED_FILE, NAMED_DIRECTORY };

/* ERROR_USAGE when `optional` has a name that is not an input. */
int named_init(struct named *named, int dir_fd, const struct fingerprint_inputs *inputs,
	       struct error **err);
void named_release(struct named *named);
#define AUTO_NAMED CLEANUP(named_release)

/* Follows links; the spelling must be that of the disk.  NAMED_MISSING is returned for an optional
 * input only; otherwise a missing one is ERROR_USAGE, as are a special file and a link to nothing.
 */
int named_find(struct named *named, const char *path, enum named_kind *ret_kind,
	       struct error **err);

/* 0 if the input is optional, else ERROR_USAGE with this reason. */
int named_check_optional(const struct named *named, const char *path, const char *reason,
			 struct error **err);

#endif
