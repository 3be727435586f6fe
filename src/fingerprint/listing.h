/* listing.h - the files below a directory that is not on this disk, such as a commit's
 *
 * What fingerprint_compute() reads instead of a directory; it gives the fingerprint that a checkout
 * would have.
 */
#ifndef OCIFP_FINGERPRINT_LISTING_H
#define OCIFP_FINGERPRINT_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fingerprint/input_files.h"

struct buf;
struct error;

/* The same content may be that of many files, of many listings. */
struct listed_content {
	uint64_t size_bytes;
	bool is_hashed;
	uint8_t sha256[INPUT_DIGEST_BYTES];
};

struct listed_file {
	const char *path; /* from the directory */
	unsigned mode;    /* one of enum input_mode; anything else is a submodule */
	struct listed_content *content;
};

/* Bytes of the file at `index` of those that were asked for. */
typedef int listing_visit(void *context, size_t index, const void *bytes, size_t size,
			  struct error **err);

struct listing {
	struct listed_file *files; /* in byte order of path */
	size_t count;

	/* Called before the contents of files are used: which they are may hang on that. */
	int (*settle)(const struct listing *listing, struct listed_file *const *files, size_t count,
		      struct error **err);
	/* Visits the contents in order. */
	int (*read)(const struct listing *listing, const struct listed_file *const *files,
		    size_t count, listing_visit *visit, void *context, struct error **err);
};

enum listed_kind { LISTED_MISSING, LISTED_FILE, LISTED_DIRECTORY };

struct listed {
	enum listed_kind kind;
	char *path;               /* without links on the way */
	struct listed_file *file; /* of a LISTED_FILE */
	bool is_broken_link;      /* of LISTED_MISSING: the name is there */
};

/* What a path in normal form leads to; `follow`: also when it is a link itself.  What lies in a
 * submodule leads to that.  ERROR_USAGE for a link out of the directory. */
int listing_find(const struct listing *listing, const char *path, bool follow,
		 struct listed *ret_listed, struct error **err);
void listed_release(struct listed *listed);
#define AUTO_LISTED CLEANUP(listed_release)

bool listed_file_is_submodule(const struct listed_file *file);

/* The first file that is below a directory, and those that follow it. */
size_t listing_first_below(const struct listing *listing, const char *directory);
bool listing_is_below(const struct listing *listing, size_t index, const char *directory);

#endif
