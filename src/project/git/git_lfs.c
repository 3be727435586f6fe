/* SPDX-License-Identifier: Apache-2.0 */
#include "project/git/git_lfs.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

/* The rest of the line after "<key> "; NULL: another line. */
static const char *
take_line(char **rest, const char *key)
{
	char *line = strsep(rest, "\n");
	size_t size = strlen(key);

	if (!line || !*rest || strncmp(line, key, size) != 0 || line[size] != ' ')
		return NULL;
	return line + size + 1;
}

static bool
parse(char *text, struct lfs_pointer *pointer)
{
	const char *version = take_line(&text, "version");
	const char *digest = version ? take_line(&text, "oid") : NULL;
	const char *size = digest ? take_line(&text, "size") : NULL;
	AUTO_ERROR struct error *ignored = NULL;

	return size && *text == '\0' &&
	       strcmp(version, "https://git-lfs.github.com/spec/v1") == 0 &&
	       digest_parse(digest, &pointer->digest, &ignored) == 0 &&
	       pointer->digest.algorithm == DIGEST_SHA256 &&
	       text_parse_uint(size, INT64_MAX, &pointer->size_bytes);
}

enum lfs_kind
lfs_pointer_parse(const char *bytes, size_t size, struct lfs_pointer *ret_pointer)
{
	AUTO_FREE char *text = NULL;
	struct lfs_pointer pointer = { 0 };

	if (size >= LFS_POINTER_LIMIT_BYTES)
		return LFS_NO_POINTER;
	text = xstrndup(bytes, size);
	/* As in git-lfs, which looks for these words in short files. */
	if (!strstr(text, "git-lfs") && !strstr(text, "hawser") && !strstr(text, "git-media"))
		return LFS_NO_POINTER;
	if (strlen(text) != size || !parse(text, &pointer))
		return LFS_UNKNOWN;
	*ret_pointer = pointer;
	return LFS_POINTER;
}
