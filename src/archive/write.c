/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/archive.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/output.h"
#include "archive/state.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/pack/tar_writer.h"
#include "layer/tar_header.h"
#include "oci/annotation.h"
#include "oci/digest_set.h"
#include "oci/document.h"
#include "oci/index.h"
#include "oci/location.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "store/store.h"
#include "stream/sink.h"
#include "stream/source.h"

#define DOCUMENTS_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

#define CONTAINERD_NAME "io.containerd.image.name" /* what `docker save` and `ctr` use */

static bool
set_name(json_t *annotations, const char *key, const char *name)
{
	return json_object_set_new(annotations, key, json_string(name)) == 0;
}

/* As in `docker save`: the whole reference for containerd, its tag for other tools. */
static bool
set_docker_names(json_t *annotations, const char *tag)
{
	AUTO_FREE char *name = reference_docker_name(tag);

	/* podman before 4 takes the second annotation for the name, where a tag alone would become
	 * a name. */
	return name && set_name(annotations, CONTAINERD_NAME, name) &&
	       set_name(annotations, ANNOTATION_REF_NAME, name);
}

static json_t *
index_entry(const struct descriptor *root, bool is_docker, const char *tag)
{
	AUTO_JSON json_t *entry = descriptor_json(root);
	AUTO_JSON json_t *annotations =
		root->annotations ? json_deep_copy(root->annotations) : json_object();

	(void)json_object_del(annotations, ANNOTATION_REF_NAME);
	if (tag && !(is_docker ? set_docker_names(annotations, tag)
			       : set_name(annotations, ANNOTATION_REF_NAME, tag)))
		return NULL;
	if (json_object_size(annotations) > 0)
		(void)json_object_set(entry, "annotations", annotations);
	else
		(void)json_object_del(entry, "annotations");
	return TAKE_PTR(entry);
}

/* index.json (image-spec, image-layout.md) with one entry; NULL: the tag is not UTF-8, or not a
 * name for docker. */
static char *
documents_index(const struct descriptor *root, bool is_docker, const char *tag)
{
	AUTO_JSON json_t *index = json_object();
	json_t *entry = index_entry(root, is_docker, tag);
	json_t *manifests = json_array();

	(void)json_object_set_new(index, "schemaVersion", json_integer(2));
	(void)json_object_set_new(index, "mediaType", json_string(MEDIA_OCI_INDEX));
	(void)json_object_set_new(index, "manifests", manifests);
	return entry && json_array_append_new(manifests, entry) == 0 ? document_format(index)
								     : NULL;
}

static json_t *
member_of(const struct descriptor *descriptor)
{
	AUTO_FREE char *name = blob_member_name(&descriptor->digest);

	return json_string(name);
}

static bool
is_whole_reference(const char *tag)
{
	const char *colon = strrchr(tag, ':');

	return colon && colon > tag && !strchr(colon, '/') && !strchr(tag, '@');
}

/* manifest.json as `docker load` reads it.  RepoTags has the tag if it is a whole reference,
 * "[host/]name:tag", the only form that docker accepts. */
static char *
documents_manifest(const struct manifest *manifest, const char *tag)
{
	AUTO_JSON json_t *images = json_array();
	json_t *image = json_object();
	json_t *tags = json_array();
	json_t *layers = json_array();

	if (tag && is_whole_reference(tag))
		(void)json_array_append_new(tags, json_string(tag));
	for (size_t i = 0; i < manifest->layers.count; i++)
		(void)json_array_append_new(layers, member_of(&manifest->layers.items[i]));
	(void)json_object_set_new(image, "Config", member_of(&manifest->config));
	(void)json_object_set_new(image, "RepoTags", tags);
	(void)json_object_set_new(image, "Layers", layers);
	(void)json_array_append_new(images, image);
	return document_format(images);
}

/* The blobs of an archive: all that the root refers to and the store has.  Children of an index
 * that were never fetched are left out; if the root is a manifest, a missing blob is ERROR_CONTENT.
 */
struct contents {
	struct descriptors blobs; /* sorted by digest, each once; only digest and size are used */
	enum document_kind kind;  /* of the root */
	struct manifest manifest; /* if the root is a manifest */
};

#define AUTO_CONTENTS CLEANUP(contents_release)

static void
contents_release(struct contents *contents)
{
	descriptors_release(&contents->blobs);
	manifest_release(&contents->manifest);
	*contents = (struct contents){ 0 };
}

/* Documents to read: a list instead of recursion, so that deep nesting uses no stack. */
struct walk {
	struct store *store;
	struct contents *contents;
	struct digest_set seen;
	struct descriptors pending;
};

static int
refuse_missing(const struct descriptor *descriptor, struct error **err)
{
	error_set(err, ERROR_CONTENT, "'%s' is not in the store",
		  digest_text(&descriptor->digest).text);
	return error_set_class(err, CLASS_MISSING);
}

static bool
has(struct walk *walk, const struct descriptor *descriptor)
{
	return store_has(walk->store, &descriptor->digest, descriptor->size_bytes);
}

static void
add(struct walk *walk, const struct descriptor *descriptor)
{
	if (!has(walk, descriptor) || !digest_set_add(&walk->seen, &descriptor->digest))
		return;
	descriptors_add(&walk->contents->blobs, descriptor);
	if (media_type_kind(descriptor->media_type) != DOCUMENT_OTHER)
		descriptors_add(&walk->pending, descriptor);
}

static void
add_all(struct walk *walk, const struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		add(walk, &descriptors->items[i]);
}

static int
read_document(struct store *store, const struct descriptor *document, struct buf *buf,
	      struct error **err)
{
	bool found = false;

	if (store_read(store, &document->digest, buf, &found, err) < 0)
		return -1;
	return found ? 0 : refuse_missing(document, err);
}

static int
add_children(struct walk *walk, const struct descriptor *document, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_MANIFEST struct manifest manifest = { 0 };

	if (read_document(walk->store, document, &buf, err) < 0)
		return -1;
	if (media_type_kind(document->media_type) == DOCUMENT_INDEX) {
		AUTO_INDEX struct image_index index = { 0 };

		if (image_index_parse(buf.data, buf.size, document->media_type, &index, err) < 0)
			return -1;
		add_all(walk, &index.manifests);
		return 0;
	}
	if (manifest_parse(buf.data, buf.size, document->media_type, &manifest, err) < 0)
		return -1;
	add(walk, &manifest.config);
	add_all(walk, &manifest.layers);
	return 0;
}

static int
walk_pending(struct walk *walk, struct error **err)
{
	for (size_t i = 0; i < walk->pending.count; i++) {
		/* The list moves in memory as it grows. */
		AUTO_DESCRIPTOR struct descriptor document = { 0 };

		descriptor_copy(&walk->pending.items[i], &document);
		if (add_children(walk, &document, err) < 0)
			return error_wrap(err, "'%s'", digest_text(&document.digest).text);
	}
	return 0;
}

static int
read_root(struct walk *walk, const struct descriptor *root, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_JSON json_t *value = NULL;
	struct contents *contents = walk->contents;

	if (!has(walk, root))
		return refuse_missing(root, err);
	if (read_document(walk->store, root, &buf, err) < 0)
		return -1;
	value = document_parse(buf.data, buf.size, err);
	if (!value || manifest_kind(value, root->media_type, &contents->kind, err) < 0)
		return -1;
	if (contents->kind != DOCUMENT_MANIFEST)
		return 0;
	if (manifest_read(value, root->media_type, &contents->manifest, err) < 0)
		return -1;
	if (!has(walk, &contents->manifest.config))
		return refuse_missing(&contents->manifest.config, err);
	for (size_t i = 0; i < contents->manifest.layers.count; i++)
		if (!has(walk, &contents->manifest.layers.items[i]))
			return refuse_missing(&contents->manifest.layers.items[i], err);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct descriptor *left = a;
	const struct descriptor *right = b;

	return strcmp(digest_text(&left->digest).text, digest_text(&right->digest).text);
}

static int
contents_collect(struct store *store, const struct descriptor *root, struct contents *ret_contents,
		 struct error **err)
{
	AUTO_CONTENTS struct contents contents = { 0 };
	struct walk walk = { .store = store, .contents = &contents };
	int ret = read_root(&walk, root, err);

	if (ret == 0) {
		add(&walk, root);
		ret = walk_pending(&walk, err);
	}
	digest_set_release(&walk.seen);
	descriptors_release(&walk.pending);
	if (ret < 0)
		return -1;
	qsort(contents.blobs.items, contents.blobs.count, sizeof(*contents.blobs.items), compare);
	*ret_contents = contents;
	contents = (struct contents){ 0 };
	return 0;
}

/* Writes the caller's ids, and an entry for each directory.  skopeo unpacks an oci-archive with its
 * owners and takes root for a directory without an entry; an ordinary user cannot chown to root.
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
	/* Sorted blobs of one algorithm are adjacent. */
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
