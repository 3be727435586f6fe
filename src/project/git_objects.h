/* git_objects.h - contents of files by git's object id, each read once
 *
 * git-cat-file(1), "BATCH OUTPUT".
 */
#ifndef OCIFP_PROJECT_GIT_OBJECTS_H
#define OCIFP_PROJECT_GIT_OBJECTS_H

#include <stdbool.h>

#include "fingerprint/listing.h"

struct error;

#define GIT_ID_LIMIT_CHARS 64 /* SHA-256 repositories */

struct git_object {
	struct listed_content content; /* first, so that a content is its object */
	char id[GIT_ID_LIMIT_CHARS + 1];
	bool is_judged; /* as .gitattributes: what follows is known */
	bool changes_files;
};

struct git_objects {
	void *by_id;
};

/* The one of this id.  NULL, ERROR_CONTENT: it is no id. */
struct git_object *git_objects_get(struct git_objects *objects, const char *id, uint64_t size_bytes,
				   struct error **err);

/* For struct listing: in order, some MiB at a time. */
int git_objects_read(const char *directory, const struct listed_file *const *files, size_t count,
		     listing_visit *visit, void *context, struct error **err);
void git_objects_release(struct git_objects *objects);

#endif
