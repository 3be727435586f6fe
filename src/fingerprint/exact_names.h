/* SPDX-License-Identifier: Apache-2.0 */
/* exact_names.h - inputs that the file system finds under another spelling than the real one
 *
 * macOS folds case and Unicode's forms; so do ext4 with casefold, and network shares.  There
 * 'dockerfile' finds 'Dockerfile', and of two files that git tracks as 'Makefile' and 'makefile'
 * one remains.  A fingerprint with such names would differ from that of Linux, so they are errors.
 * On a file system that does not fold, the check costs one fstatat(2) for each directory.
 */
#ifndef OCIFP_FINGERPRINT_EXACT_NAMES_H
#define OCIFP_FINGERPRINT_EXACT_NAMES_H

#include "base/cleanup.h"
#include "base/strings.h"

struct error;

struct exact_names {
	int dir_fd;    /* borrowed */
	char *checked; /* the directory whose path was checked last; NULL: none yet */
	char *known;   /* the directory of the names that follow; NULL: none yet */
	enum { FOLDS_UNKNOWN, FOLDS_NOT, FOLDS } folds;
	struct strings names; /* the real names, if it folds */
};

#define EXACT_NAMES_INIT(fd) \
	{ \
		.dir_fd = (fd) \
	}

/* ERROR_USAGE with both spellings when a component of an existing path is spelled differently on
 * disk. Fastest when paths of one directory follow each other. */
int exact_names_check(struct exact_names *exact, const char *path, struct error **err);
void exact_names_release(struct exact_names *exact);
#define AUTO_EXACT_NAMES CLEANUP(exact_names_release)

#endif
