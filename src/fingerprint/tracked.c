/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/tracked.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "fingerprint/paths.h"

/* Paths are meant as they stand: git would read '*' and ':' in them. */
static const char *const ls_files[] = { "--literal-pathspecs", "ls-files", "-z", "--" };

static int
run_git(const char *directory, const struct strings *paths, struct buf *listing, struct error **err)
{
	AUTO_FREE const char **argv = xcalloc(COUNT_OF(ls_files) + paths->count + 1, sizeof(*argv));
	AUTO_GIT struct git *git = NULL;
	struct git_question question = { .argv = argv };

	memcpy(argv, ls_files, sizeof(ls_files));
	for (size_t i = 0; i < paths->count; i++)
		argv[COUNT_OF(ls_files) + i] = path_to_open(paths->items[i]);
	if (git_open(directory, &git, err) < 0)
		return -1;
	if (!git)
		return error_set(err, ERROR_USAGE, "the directory is not in a git repository");
	return git_read(git, &question, listing, err);
}

int
tracked_list(const char *directory, const struct strings *paths, struct strings *ret_tracked,
	     struct error **err)
{
	AUTO_BUF struct buf listing = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);

	if (paths->count == 0)
		return 0;
	if (run_git(directory, paths, &listing, err) != 0) {
		error_wrap(err, "cannot list the tracked inputs");
		return error_set_hint(err, "without 'tracked', every file below the inputs counts");
	}
	for (size_t at = 0; at < listing.size; at += strlen(listing.data + at) + 1) {
		/* A path in a merge conflict is listed once for each side. */
		const char *path = listing.data + at;

		if (ret_tracked->count == 0 ||
		    strcmp(ret_tracked->items[ret_tracked->count - 1], path) != 0)
			strings_add(ret_tracked, path);
	}
	strings_sort(ret_tracked);
	return 0;
}
