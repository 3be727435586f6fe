/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "archive/spool.h"
#include "archive/state.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "stream/compress.h"
#include "stream/source.h"

char *
blob_member_name(const struct digest *digest)
{
	return xasprintf("blobs/%s/%s", digest_algorithm_name(digest->algorithm),
			 digest_hex(digest).text);
}

int
archive_check_unchanged(const struct archive_image *archive, struct error **err)
{
	struct stat now;

	if (fstat(archive->fd, &now) < 0)
		return error_set_errno(err, errno, "cannot read the attributes of '%s'",
				       archive->path);
	if (now.st_size == archive->status.st_size &&
	    now.st_mtim.tv_sec == archive->status.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == archive->status.st_mtim.tv_nsec)
		return 0;
	error_set(err, ERROR_CONTENT, "'%s' changed while it was read", archive->path);
	return error_set_class(err, CLASS_SOURCE_CHANGED);
}

int
member_read(const struct archive_image *archive, const struct member *member, struct buf *buf,
	    struct error **err)
{
	struct source source = source_of_fd(archive->fd, member->size_bytes);
	AUTO_FREE char *bytes = NULL;
	size_t size = 0;

	source.offset_bytes = member->offset_bytes;
	if (member->size_bytes > buf->limit - buf->size) {
		error_set(err, ERROR_CONTENT, "'%s' has more than %zu bytes", member->name,
			  buf->limit - buf->size);
		return error_set_class(err, CLASS_LIMIT);
	}
	bytes = xcalloc(1, (size_t)member->size_bytes + 1);
	if (source_read(&source, 0, bytes, (size_t)member->size_bytes, &size, err) < 0)
		return -1;
	return buf_append(buf, bytes, size, err);
}

int
member_require(const struct archive_image *archive, const char *name, struct member **ret_member,
	       struct error **err)
{
	struct member *member = NULL;

	if (members_find(&archive->members, name, &member, err) < 0)
		return -1;
	if (!member) {
		error_set(err, ERROR_CONTENT, "it lacks '%s'", QUOTED(name));
		error_set_class(err, CLASS_MISSING);
		return -1;
	}
	*ret_member = member;
	return 0;
}

int
member_read_named(const struct archive_image *archive, const char *name, struct buf *buf,
		  struct error **err)
{
	struct member *member = NULL;

	if (member_require(archive, name, &member, err) < 0)
		return -1;
	return member_read(archive, member, buf, err);
}

int
member_identify(const struct archive_image *archive, struct member *member, struct error **err)
{
	AUTO_HASHER struct hasher *hasher = NULL;
	AUTO_FREE unsigned char *buffer = NULL;
	struct source source = source_of_fd(archive->fd, member->size_bytes);
	enum compression compression = COMPRESSION_NONE;

	if (member->digest.algorithm != DIGEST_NONE)
		return 0;
	hasher = hasher_new(DIGEST_SHA256);
	buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);
	source.offset_bytes = member->offset_bytes;
	for (uint64_t at_bytes = 0; at_bytes < member->size_bytes;) {
		size_t size = 0;

		if (source_read(&source, at_bytes, buffer, TRANSFER_BUFFER_BYTES, &size, err) < 0)
			return -1;
		if (at_bytes == 0)
			compression = compression_detect(buffer, size);
		hasher_add(hasher, buffer, size);
		at_bytes += size;
	}
	member->compression = compression;
	member->digest = hasher_finish(hasher);
	return 0;
}

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

static int
check_version(const struct archive_image *archive, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	AUTO_JSON json_t *json = NULL;
	const char *version;

	if (member_read_named(archive, "oci-layout", &buf, err) < 0)
		return -1;
	json = document_parse(buf.data, buf.size, err);
	if (!json)
		return error_wrap(err, "oci-layout");
	version = json_string_value(json_object_get(json, "imageLayoutVersion"));
	if (version && text_starts(version, "1."))
		return 0;
	return error_set(err, ERROR_CONTENT, "it is not an image layout of version 1");
}

static int
load_layout(struct archive_image *archive, struct error **err)
{
	static const struct field manifests_field = { "manifests", FIELD_ARRAY, true, 0 };
	AUTO_BUF struct buf buf = BUF_INIT(LAYOUT_INDEX_LIMIT_BYTES);
	AUTO_JSON json_t *index = NULL;
	const json_t *manifests = NULL;

	if (check_version(archive, err) < 0 ||
	    member_read_named(archive, "index.json", &buf, err) < 0)
		return -1;
	archive->unsupported = json_array();
	index = document_parse(buf.data, buf.size, err);
	if (!index || document_read_fields(index, &manifests_field, 1, &manifests, err) < 0 ||
	    descriptors_parse(manifests, "manifests", &archive->references, archive->unsupported,
			      err) < 0)
		return error_wrap(err, "index.json");
	return 0;
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

/* The names of a docker-archive tell no digest; load_docker() identified its members. */
static const struct member *
find_identified(const struct archive_image *archive, const struct digest *digest)
{
	for (size_t i = 0; i < archive->members.count; i++)
		if (digest_equal(&archive->members.items[i].digest, digest))
			return &archive->members.items[i];
	return NULL;
}

static int
find_blob(const struct archive_image *archive, const struct digest *digest,
	  const struct member **ret_member, struct error **err)
{
	AUTO_FREE char *name = blob_member_name(digest);
	struct member *named = NULL;

	*ret_member = find_identified(archive, digest);
	if (*ret_member)
		return 0;
	if (members_find(&archive->members, name, &named, err) < 0)
		return -1;
	*ret_member = named;
	return 0;
}

static const struct made_document *
find_document(const struct archive_image *archive, const struct digest *digest)
{
	for (size_t i = 0; i < archive->document_count; i++)
		if (digest_equal(&archive->documents[i].digest, digest))
			return &archive->documents[i];
	return NULL;
}

static int
read_checked(const struct archive_image *archive, const struct digest *digest, struct buf *buf,
	     bool *ret_found, struct error **err)
{
	const struct member *member = NULL;
	struct digest actual;

	if (archive_check_unchanged(archive, err) < 0)
		return -1;
	if (find_blob(archive, digest, &member, err) < 0)
		return -1;
	*ret_found = member;
	if (!member)
		return 0;
	if (member_read(archive, member, buf, err) < 0)
		return -1;
	actual = digest_of(digest->algorithm, buf->data ? buf->data : "", buf->size);
	if (digest_equal(&actual, digest))
		return 0;
	error_set(err, ERROR_CONTENT, "its content does not match '%s'", digest_text(digest).text);
	return error_set_class(err, CLASS_DIGEST);
}

int
archive_read(const struct archive_image *archive, const struct digest *digest, struct buf *buf,
	     bool *ret_found, struct error **err)
{
	const struct made_document *document = find_document(archive, digest);

	buf_clear(buf);
	if (document) {
		*ret_found = true;
		return buf_append(buf, document->bytes, document->size, err);
	}
	if (read_checked(archive, digest, buf, ret_found, err) == 0)
		return 0;
	buf_clear(buf);
	return error_wrap(err, "archive '%s'", archive->path);
}

static int
locate(const struct archive_image *archive, const struct digest *digest, uint64_t size_bytes,
       uint64_t *ret_offset_bytes, struct error **err)
{
	const struct member *member = NULL;

	if (archive_check_unchanged(archive, err) < 0)
		return -1;
	if (find_blob(archive, digest, &member, err) < 0)
		return -1;
	if (!member) {
		error_set(err, ERROR_CONTENT, "it lacks '%s'", digest_text(digest).text);
		return error_set_class(err, CLASS_MISSING);
	}
	if (member->size_bytes != size_bytes) {
		error_set(err, ERROR_CONTENT, "the size of '%s' is not the one in its descriptor",
			  member->name);
		return error_set_class(err, CLASS_SIZE);
	}
	*ret_offset_bytes = member->offset_bytes;
	return 0;
}

int
archive_open_blob(const struct archive_image *archive, const struct digest *digest,
		  uint64_t size_bytes, uint64_t *ret_offset_bytes, struct error **err)
{
	int fd;

	if (locate(archive, digest, size_bytes, ret_offset_bytes, err) < 0)
		return error_wrap(err, "archive '%s'", archive->path);
	fd = fcntl(archive->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot read '%s'", archive->path);
	return fd;
}

int
archive_check_references(const struct archive_image *archive, struct error **err)
{
	struct descriptor none;

	if (json_array_size(archive->unsupported) == 0)
		return 0;
	(void)descriptor_parse(json_array_get(archive->unsupported, 0), &none, err);
	return error_wrap(err, "archive '%s'", archive->path);
}

int
archive_list_references(const struct archive_image *archive, struct descriptors *ret_references,
			struct error **err)
{
	(void)err;
	for (size_t i = 0; i < archive->references.count; i++)
		descriptors_add(ret_references, &archive->references.items[i]);
	return 0;
}
