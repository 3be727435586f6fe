/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/archive.h"

#include <string.h>
#include <unistd.h>

#include "archive/contents.h"
#include "archive/documents.h"
#include "archive/output.h"
#include "archive/state.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/pack/tar_writer.h"
#include "layer/tar_header.h"
#include "oci/location.h"
#include "oci/reference.h"
#include "store/store.h"
#include "stream/sink.h"
#include "stream/source.h"

/* The caller's ids, and an entry for each directory: skopeo unpacks an oci-archive and keeps its
 * owners, takes root for that of a directory without an entry, and an ordinary user cannot chown to
 * root.
 */
static struct tar_member
member_of_caller(enum tar_type type, unsigned permissions, const char *name)
{
	return (struct tar_member){
		.type = type,
		.name = name,
		.permissions = permissions,
		.uid = geteuid(),
		.gid = getegid(),
	};
}

static int
begin_file(struct tar_writer *writer, const char *name, uint64_t size_bytes, struct error **err)
{
	struct tar_member member = member_of_caller(TAR_FILE, 0644, name);

	member.size_bytes = size_bytes;
	return tar_writer_begin(writer, &member, err);
}

static int
add_directory(struct tar_writer *writer, const char *name, struct error **err)
{
	struct tar_member member = member_of_caller(TAR_DIRECTORY, 0755, name);

	return tar_writer_begin(writer, &member, err);
}

static int
add_text(struct tar_writer *writer, const char *name, const char *text, struct error **err)
{
	if (begin_file(writer, name, strlen(text), err) < 0)
		return -1;
	return tar_writer_write(writer, text, strlen(text), err);
}

static int
add_blob(struct tar_writer *writer, struct store *store, const struct descriptor *blob,
	 struct error **err)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(blob->digest.algorithm);
	AUTO_FREE char *name = blob_member_name(&blob->digest);
	AUTO_CLOSE int fd = -1;
	struct source source;
	uint64_t size_bytes = 0;
	struct digest actual;
	AUTO_FREE char *buffer = NULL;

	fd = store_open_blob(store, &blob->digest, &size_bytes, err);
	if (fd < 0)
		return -1;
	source = source_of_fd(fd, size_bytes);
	if (begin_file(writer, name, size_bytes, err) < 0)
		return -1;
	buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);
	for (uint64_t at_bytes = 0; at_bytes < source.size_bytes;) {
		size_t size = 0;

		if (source_read(&source, at_bytes, buffer, TRANSFER_BUFFER_BYTES, &size, err) < 0)
			return -1;
		hasher_add(hasher, buffer, size);
		if (tar_writer_write(writer, buffer, size, err) < 0)
			return -1;
		at_bytes += size;
	}
	actual = hasher_finish(hasher);
	if (digest_equal(&actual, &blob->digest))
		return 0;
	error_set(err, ERROR_CONTENT, "the content of '%s' in the store is damaged",
		  digest_text(&blob->digest).text);
	error_set_class(err, CLASS_DIGEST);
	return error_set_hint(err, "`ocifp store fsck --repair` removes it; then pull again");
}

static int
add_documents(struct tar_writer *writer, const struct contents *contents, bool is_docker,
	      const char *tag, const struct descriptor *root, struct error **err)
{
	AUTO_FREE char *index = documents_index(root, is_docker, tag);
	AUTO_FREE char *manifest = is_docker ? documents_manifest(&contents->manifest, tag) : NULL;

	if (!index)
		return error_set(err, ERROR_USAGE, "the name of the image is not UTF-8");
	if (add_text(writer, "oci-layout", DOCUMENTS_LAYOUT, err) < 0 ||
	    add_text(writer, "index.json", index, err) < 0)
		return -1;
	return manifest ? add_text(writer, "manifest.json", manifest, err) : 0;
}

static int
check_docker_name(const char *tag, struct error **err)
{
	AUTO_FREE char *name = tag ? reference_docker_name(tag) : NULL;

	if (!tag || name)
		return 0;
	error_set(err, ERROR_USAGE, "docker does not accept the name '%s'", QUOTED(tag));
	return error_set_hint(err, "expected [HOST/]NAME[:TAG], the name in lower case");
}

static int
check_docker(const struct contents *contents, struct error **err)
{
	if (contents->kind == DOCUMENT_MANIFEST &&
	    media_type_is_config(contents->manifest.config.media_type))
		return 0;
	if (contents->kind != DOCUMENT_INDEX)
		return error_set(err, ERROR_USAGE, "a docker-archive can hold images only");
	error_set(err, ERROR_USAGE, "a docker-archive holds one platform");
	return error_set_hint(err, "choose one with --platform, or write an oci-archive");
}

int
archive_write(struct store *store, const struct location *output, const char *tag,
	      const struct descriptor *root, struct error **err)
{
	bool is_docker = output->transport == TRANSPORT_DOCKER_ARCHIVE;
	AUTO_CONTENTS struct contents contents = { 0 };
	AUTO_OUTPUT struct output file = OUTPUT_INIT;
	AUTO_TAR_WRITER struct tar_writer *writer = NULL;
	enum digest_algorithm last = DIGEST_NONE;

	if (contents_collect(store, root, &contents, err) < 0 ||
	    (is_docker && (check_docker(&contents, err) < 0 || check_docker_name(tag, err) < 0)) ||
	    output_open(output->path, &file, err) < 0)
		return -1;
	writer = tar_writer_new(sink_fd(file.fd, file.path));
	if (add_documents(writer, &contents, is_docker, tag, root, err) < 0)
		return -1;
	/* Sorted blobs of one algorithm stand together. */
	if (add_directory(writer, "blobs", err) < 0)
		return -1;
	for (size_t i = 0; i < contents.blobs.count; i++) {
		enum digest_algorithm algorithm = contents.blobs.items[i].digest.algorithm;
		AUTO_FREE char *folder = xasprintf("blobs/%s", digest_algorithm_name(algorithm));

		if ((algorithm != last && add_directory(writer, folder, err) < 0) ||
		    add_blob(writer, store, &contents.blobs.items[i], err) < 0)
			return -1;
		last = algorithm;
	}
	if (tar_writer_finish(writer, err) < 0)
		return -1;
	return output_commit(&file, err);
}
