/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "archive/spool.h"
#include "archive/state.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"

struct packing {
	const char *magic;
	const char *name;
	const char *tool;
};

static const struct packing packings[] = {
	{ "\x1f\x8b", "gzip", "gunzip" },
	{ "\x28\xb5\x2f\xfd", "zstd", "unzstd" },
	{ "\xfd"
	  "7zXZ",
	  "xz", "unxz" },
	{ "BZh", "bzip2", "bunzip2" },
};

static int
open_stdin(struct error **err)
{
	if (!isatty(STDIN_FILENO))
		return spool(STDIN_FILENO, err);
	error_set(err, ERROR_USAGE, "an archive cannot be read from a terminal");
	return error_set_hint(err, "redirect standard input, or name a file instead of '-'");
}

static bool
has(const struct archive_image *archive, const char *name)
{
	AUTO_ERROR struct error *ignored = NULL;
	struct member *member = NULL;

	return members_find(&archive->members, name, &member, &ignored) < 0 || member;
}

static int
load(struct archive_image *archive, struct error **err)
{
	bool is_layout;
	char start[8] = { 0 };

	if (fstat(archive->fd, &archive->status) < 0)
		return error_set_errno(err, errno, "cannot read its attributes");
	if (pread(archive->fd, start, sizeof(start) - 1, 0) < 0)
		return error_set_errno(err, errno, "cannot read it");
	for (size_t i = 0; i < COUNT_OF(packings); i++) {
		if (!text_starts(start, packings[i].magic))
			continue;
		error_set(err, ERROR_CONTENT, "it is compressed with %s", packings[i].name);
		error_set_class(err, CLASS_COMPRESSED);
		return error_set_hint(err, "decompress it first, with %s", packings[i].tool);
	}
	if (members_scan(archive->fd, &archive->members, err) < 0)
		return -1;
	is_layout = has(archive, "index.json") && has(archive, "oci-layout");
	if (!is_layout && !has(archive, "manifest.json")) {
		bool has_members = archive->members.count > 0;

		error_set(err, ERROR_CONTENT, "it does not contain an image: %s",
			  has_members ? "expected index.json and oci-layout, or manifest.json"
				      : "it is empty");
		return error_set_class(err, CLASS_MISSING);
	}
	if (is_layout && load_layout(archive, err) < 0)
		return -1;
	/* `docker save` of an image without a tag leaves the index empty. */
	if (archive->references.count > 0 || json_array_size(archive->unsupported) > 0 ||
	    !has(archive, "manifest.json"))
		return 0;
	return load_docker(archive, err);
}

struct archive_image *
archive_open(const char *path, struct error **err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	AUTO_ARCHIVE struct archive_image *archive = XNEW(struct archive_image);

	archive->path = text_quote_string(is_stdin ? "standard input" : path);
	archive->fd = is_stdin ? open_stdin(err) : file_open(AT_FDCWD, path, err);
	if (archive->fd < 0)
		return NULL;
	if (load(archive, err) < 0) {
		error_wrap(err, "cannot read archive '%s'", archive->path);
		return NULL;
	}
	return TAKE_PTR(archive);
}

void
archive_close(struct archive_image *archive)
{
	if (!archive)
		return;
	close_at(&archive->fd);
	for (size_t i = 0; i < archive->document_count; i++)
		free(archive->documents[i].bytes);
	free(archive->documents);
	members_release(&archive->members);
	descriptors_release(&archive->references);
	json_decref(archive->unsupported);
	free(archive->path);
	free(archive);
}
