/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive/state.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
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

/* Of a docker-archive, whose names say nothing, those that were identified when it was opened. */
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
