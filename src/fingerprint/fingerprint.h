/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint.h - one digest over everything that an image is built from
 *
 * Scheme `tree`: SHA-256 of the record, which is
 *
 *     ocifp-tree-1\n
 *     <mode> <size> <sha256> <path>\0            per file, in byte order of path
 *     arg NAME=VALUE\0                           each kind in byte order of its key
 *     image HOST/NAME[:TAG] ALG:HEX\0
 *     needs IMAGE SCHEME HEX\0
 *
 * Scheme `concat`: SHA-256 of the contents alone, listed files first in their order, then all files
 * below the listed directories in one byte-ordered list; its record (published, not hashed) starts
 * with "ocifp-concat-1\n".  ocifp-fingerprint(7) has every rule.
 */
#ifndef OCIFP_FINGERPRINT_FINGERPRINT_H
#define OCIFP_FINGERPRINT_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"
#include "oci/digest.h"

struct buf;
struct error;
struct input_file;

enum fingerprint_scheme { SCHEME_TREE, SCHEME_CONCAT };

#define FINGERPRINT_HEX_CHARS 64
#define FINGERPRINT_LENGTH_DEFAULT 12

struct fingerprint_pair {
	char *key;   /* an argument's name; a pinned reference; a needed image's name */
	char *value; /* its value; "ALG:HEX"; "SCHEME HEX" */
};

struct fingerprint_pairs {
	struct fingerprint_pair *items;
	size_t count;
};

/* A letter or '_', then letters, digits, '_', '.' and '-'. */
bool fingerprint_arg_name_is_valid(const char *name);

void fingerprint_pairs_add(struct fingerprint_pairs *pairs, const char *key, const char *value);
void fingerprint_pairs_release(struct fingerprint_pairs *pairs);

/* Called after each file was read.  It may refuse the file, or replace its size and digest; the
 * scheme `concat` cannot replace them, and fails. */
typedef int input_filter_apply(void *context, struct input_file *file, bool *ret_changed,
			       struct error **err);

struct input_filter {
	input_filter_apply *apply;
	void *context;
};

struct fingerprint_inputs {
	enum fingerprint_scheme scheme;
	const char *directory; /* what paths are relative to */
	struct strings paths;
	struct strings optional;           /* those of `paths` that may be missing */
	struct strings exclude;            /* path prefixes, by whole components */
	bool tracked;                      /* only files that `git ls-files -z` lists */
	const struct input_filter *filter; /* borrowed; NULL: no replacement */
	struct fingerprint_pairs args;
	struct fingerprint_pairs pins;
	struct fingerprint_pairs needs;
};

void fingerprint_inputs_release(struct fingerprint_inputs *inputs);
#define AUTO_FINGERPRINT_INPUTS CLEANUP(fingerprint_inputs_release)

struct fingerprint {
	enum fingerprint_scheme scheme;
	struct digest digest;
};

/* `record` (NULL: not wanted) is emptied and gets the published bytes.  A few threads hash the
 * files. ERROR_USAGE: a missing input, a special file, a path outside the directory; ERROR_CONTENT,
 * class "source_changed": a file changed while it was read. */
int fingerprint_compute(const struct fingerprint_inputs *inputs, struct buf *record,
			struct fingerprint *ret_fingerprint, struct error **err);

/* The first `length` hex digits, as a tag; the caller owns it. */
char *fingerprint_tag(const struct fingerprint *fingerprint, unsigned length);
const char *fingerprint_scheme_name(enum fingerprint_scheme scheme);
int fingerprint_scheme_parse(const char *name, enum fingerprint_scheme *ret_scheme,
			     struct error **err);

#endif
