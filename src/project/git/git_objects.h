/* git_objects.h - contents of files by git's object id, each read once
 *
 * git-cat-file(1), "BATCH OUTPUT".
 */
#ifndef OCIFP_PROJECT_GIT_GIT_OBJECTS_H
#define OCIFP_PROJECT_GIT_GIT_OBJECTS_H

#include "fingerprint/git.h"
#include "fingerprint/listing.h"
#include "project/git/git_lfs.h"

struct error;

#define GIT_ID_LIMIT_CHARS 64 /* SHA-256 repositories */

struct git_object {
	struct listed_content content; /* first, so that a content is its object */
	char id[GIT_ID_LIMIT_CHARS + 1];
	char *form; /* "": as git has it; else what became of it on its way to the disk */

	/* As a file of LFS: */
	bool is_judged; /* what follows is known */
	enum lfs_kind lfs_kind;
	struct git_object *pointed; /* what a pointer stands for */
};

struct git_objects {
	void *by_id;
};

/* The one of this id and form.  NULL, ERROR_CONTENT: it is no id. */
struct git_object *git_objects_get(struct git_objects *objects, const char *id, const char *form,
				   uint64_t size_bytes, struct error **err);
struct git_object *git_object_of(const struct listed_content *content);

struct git_reading {
	struct git *git;
	const struct listed_file *const *files;
	listing_visit *visit;
	void *context;
};

/* The files from `first` to before `end`, as git has them: in order, some MiB at a time. */
int git_objects_read(const struct git_reading *reading, size_t first, size_t end,
		     struct error **err);
void git_objects_release(struct git_objects *objects);

#endif
