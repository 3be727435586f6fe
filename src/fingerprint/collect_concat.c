/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/collect.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/input_files.h"
#include "fingerprint/named.h"
#include "fingerprint/walk.h"

static int
take_named(int dir_fd, struct named *named, const char *path, struct input_files *files,
	   struct strings *directories, struct error **err)
{
	enum named_kind kind;

	if (named_find(named, path, &kind, err) < 0)
		return -1;
	if (kind == NAMED_FILE)
		return input_files_take(files, xstrdup(path), true, err);
	/* `find LINK` stops at the link, `find LINK/` follows it. */
	if (kind == NAMED_DIRECTORY && dir_exists_at(dir_fd, path))
		strings_add(directories, path);
	return 0;
}

/* Listed files in their order, repeated if listed twice; then all files below the directories in
 * one sorted list, in the spelling of find and sort. */
int
collect_concat(int dir_fd, const struct fingerprint_inputs *inputs, struct input_files *ret_files,
	       struct error **err)
{
	AUTO_NAMED struct named named = { 0 };
	AUTO_STRINGS struct strings directories = { 0 };
	struct walk walk = { .dir_fd = dir_fd, .as_find = true };
	size_t listed_count;

	if (named_init(&named, dir_fd, inputs, err) < 0)
		return -1;
	for (size_t i = 0; i < inputs->paths.count; i++)
		if (take_named(dir_fd, &named, inputs->paths.items[i], ret_files, &directories,
			       err) < 0)
			return -1;
	listed_count = ret_files->count;
	for (size_t i = 0; i < directories.count; i++)
		if (walk_directory(&walk, directories.items[i], ret_files, err) < 0)
			return -1;
	input_files_sort(ret_files, listed_count);
	return 0;
}
