/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/file_artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/leftovers.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/path.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/blob.h"
#include "oci/location.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "repository/repository.h"
#include "store/file_hash.h"
#include "store/store.h"

#define TITLE "org.opencontainers.image.title"

void
artifact_file_parse(const char *text, struct artifact_file *ret_file)
{
	const char *colon = strrchr(text, ':');
	bool is_whole = !colon || !media_type_is_valid(colon + 1) || access(text, F_OK) == 0;

	*ret_file = (struct artifact_file){
		.path = is_whole ? xstrdup(text) : xstrndup(text, (size_t)(colon - text)),
		.media_type = xstrdup(is_whole ? "application/octet-stream" : colon + 1),
	};
}

void
artifact_file_release(struct artifact_file *file)
{
	free(file->path);
	free(file->media_type);
	*file = (struct artifact_file){ 0 };
}

/* A pull writes all files into one directory, so no two may have one name. */
static int
check_titles(const struct artifact *artifact, struct error **err)
{
	for (size_t i = 0; i < artifact->file_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(path_name(artifact->files[i].path),
				   path_name(artifact->files[j].path)) == 0)
				return error_set(err, ERROR_USAGE, "two files have the name '%s'",
						 path_name(artifact->files[i].path));
	return 0;
}

static int
put_manifest(struct repository *repository, const struct manifest *manifest,
	     const struct strings *tags, const struct reference *named, struct digest *ret_digest,
	     struct error **err)
{
	AUTO_FREE char *text = manifest_format(manifest);
	AUTO_DESCRIPTOR struct descriptor descriptor = {
		.media_type = xstrdup(MEDIA_OCI_MANIFEST),
		.digest = digest_of(DIGEST_SHA256, text, strlen(text)),
		.size_bytes = strlen(text),
	};
	struct put_result ignored;

	*ret_digest = descriptor.digest;
	if (named && reference_check_digest(named, &descriptor.digest, err) < 0)
		return -1;
	if (tags->count == 0)
		return repository_put_manifest(repository, NULL, &descriptor, text, &ignored, err) <
				       0
			       ? -1
			       : repository_list_manifest(repository, &descriptor, err);
	for (size_t i = 0; i < tags->count; i++)
		if (repository_put_manifest(repository, tags->items[i], &descriptor, text, &ignored,
					    err) < 0)
			return -1;
	return 0;
}

/* `subject` NULL: none; `named` NULL: do not check the digest. */
static int
put(struct repository *repository, const struct descriptor *subject, const struct strings *tags,
    const struct reference *named, const struct artifact *artifact, struct digest *ret_digest,
    struct error **err)
{
	AUTO_MANIFEST struct manifest manifest = {
		.artifact_type = xstrdup(artifact->type),
		.has_subject = subject,
		.annotations = artifact->annotations ? json_deep_copy(artifact->annotations) : NULL,
	};

	if (subject)
		descriptor_copy(subject, &manifest.subject);
	for (size_t i = 0; i < artifact->file_count; i++) {
		AUTO_DESCRIPTOR struct descriptor layer = { 0 };
		AUTO_CLOSE int fd = file_open(AT_FDCWD, artifact->files[i].path, err);

		if (fd < 0)
			return -1;
		if (put_blob_file(repository, fd, artifact->files[i].media_type, &layer, NULL,
				  err) < 0)
			return error_wrap(err, "'%s'", QUOTED(artifact->files[i].path));
		layer.annotations = json_pack("{s:s}", TITLE, path_name(artifact->files[i].path));
		if (!layer.annotations)
			return error_set(err, ERROR_USAGE, "the name '%s' is not in UTF-8",
					 QUOTED(artifact->files[i].path));
		descriptors_take(&manifest.layers, &layer);
	}
	if (put_blob_bytes(repository, "{}", 2, MEDIA_OCI_EMPTY, &manifest.config, err) < 0)
		return -1;
	return put_manifest(repository, &manifest, tags, named, ret_digest, err);
}

int
artifact_attach(struct session *session, const struct target *subject,
		const struct artifact *artifact, struct artifact_result *ret_result,
		struct error **err)
{
	static const struct strings no_tags;
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	const struct location *place;

	if (check_titles(artifact, err) < 0 ||
	    find_image_to_write(session, subject, &found, err) < 0)
		return -1;
	place = &subject->candidates[found.place];
	repository = repository_open(session, place, REPOSITORY_WRITE, err);
	if (!repository || put(repository, &found.root.descriptor, &no_tags, NULL, artifact,
			       &ret_result->digest, err) < 0)
		return error_wrap(err, "cannot attach to it");
	ret_result->subject = found.root.descriptor.digest;
	ret_result->repository = location_repository(place);
	return 0;
}

int
artifact_push(struct session *session, const struct location *place, const struct strings *tags,
	      const struct artifact *artifact, struct artifact_result *ret_result,
	      struct error **err)
{
	AUTO_FREE char *name = location_format(place);
	AUTO_REPOSITORY struct repository *repository = NULL;

	if (check_titles(artifact, err) < 0)
		return -1;
	repository = repository_open(session, place, REPOSITORY_WRITE, err);
	if (!repository ||
	    put(repository, NULL, tags, &place->reference, artifact, &ret_result->digest, err) < 0)
		return error_wrap(err, "cannot push to '%s'", name);
	ret_result->repository = location_repository(place);
	return 0;
}

void
artifact_result_release(struct artifact_result *result)
{
	free(result->repository);
	*result = (struct artifact_result){ 0 };
}

/* A path below a directory: "report.json", "site/index.html". */
static bool
title_is_safe(const char *title)
{
	size_t size = strlen(title);

	if (size == 0 || size >= PATH_LIMIT_BYTES || !location_path_is_valid(title))
		return false;
	for (const char *part = title;; part += strcspn(part, "/") + 1) {
		size_t length = strcspn(part, "/");

		if (length == 0 || (length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		if (!part[length])
			return true;
	}
}

static int
read_titles(const struct manifest *manifest, struct strings *titles, struct error **err)
{
	for (size_t i = 0; i < manifest->layers.count; i++) {
		const char *title = descriptor_annotation(&manifest->layers.items[i], TITLE);

		if (title && !title_is_safe(title))
			return error_set(err, ERROR_CONTENT,
					 "a file of the artifact has the name '%s', which is not a "
					 "path below a directory",
					 QUOTED(title));
		if (title && strings_has(titles, title))
			return error_set(err, ERROR_CONTENT,
					 "two files of the artifact have the name '%s'",
					 QUOTED(title));
		strings_add(titles, title ? title : "");
	}
	return 0;
}

/* Opens the folder of the title's last part.  `makes`: creates missing folders.  Links are not
 * followed. */
static int
open_parent(int root_fd, const char *title, bool makes, int *ret_fd)
{
	AUTO_CLOSE int fd = dup(root_fd);
	const char *slash;

	for (; fd >= 0 && (slash = strchr(title, '/')); title = slash + 1) {
		AUTO_FREE char *part = xstrndup(title, (size_t)(slash - title));
		int next = makes && mkdirat(fd, part, 0777) < 0 && errno != EEXIST
				   ? -1
				   : dir_open_at(fd, part);

		close(fd);
		fd = next;
	}
	*ret_fd = TAKE_FD(fd);
	return *ret_fd < 0 ? -1 : 0;
}

static int
refuse_existing(const char *directory, const char *title, struct error **err)
{
	error_set(err, ERROR_LOCAL, "'%s/%s' exists", QUOTED(directory), QUOTED(title));
	return error_set_hint(err, "remove it, or choose another directory");
}

static int
hash_file(int fd, const struct descriptor *layer, struct digest *ret_digest)
{
	struct file_hash *hash = file_hash_new(layer->digest.algorithm, fd, NULL);
	int result;

	file_hash_grown(hash, layer->size_bytes);
	result = file_hash_finish(hash, ret_digest);
	file_hash_free(hash);
	return result;
}

/* *ret_there: the file exists with this content.  Other content is an error. */
static int
check_existing(int root_fd, const struct descriptor *layer, const char *directory,
	       const char *title, bool *ret_there, struct error **err)
{
	AUTO_CLOSE int parent_fd = -1;
	AUTO_CLOSE int fd = -1;
	struct stat status;
	struct digest found;

	*ret_there = false;
	if (root_fd < 0)
		return 0;
	if (open_parent(root_fd, title, false, &parent_fd) < 0)
		return errno == ENOENT ? 0 : refuse_existing(directory, title, err);
	if (fstatat(parent_fd, path_name(title), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISREG(status.st_mode) && (uint64_t)status.st_size == layer->size_bytes)
		fd = openat(parent_fd, path_name(title),
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	*ret_there = fd >= 0 && hash_file(fd, layer, &found) == 0 &&
		     digest_equal(&found, &layer->digest);
	return *ret_there ? 0 : refuse_existing(directory, title, err);
}

static int
copy_content(int from_fd, int to_fd, const char *title, struct error **err)
{
	AUTO_FREE char *buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);
	ssize_t size;

	while ((size = fd_read_full(from_fd, buffer, TRANSFER_BUFFER_BYTES)) > 0)
		if (fd_write_all(to_fd, buffer, (size_t)size, title, err) < 0)
			return -1;
	return size < 0 ? error_set_path(err, errno, "read", title) : 0;
}

struct output {
	const char *directory;
	int fd;
};

/* Another process may have made the file meanwhile: keep it if it has this content, else fail. */
static int
give_name(const struct output *output, int parent_fd, const char *part,
	  const struct descriptor *layer, const char *title, struct error **err)
{
	const char *name = path_name(title);
	bool is_there = false;

	/* Some file systems have no hard links. */
	if (linkat(parent_fd, part, parent_fd, name, 0) == 0 ||
	    ((errno == EPERM || errno == ENOTSUP || errno == ENOSYS) &&
	     renameat(parent_fd, part, parent_fd, name) == 0))
		return 0;
	if (errno != EEXIST)
		return error_set_path(err, errno, "make", title);
	if (check_existing(output->fd, layer, output->directory, title, &is_there, err) < 0)
		return -1;
	return is_there ? 0 : error_set_path(err, ENOENT, "make", title);
}

/* Writes under a temporary name first.  close(2) is checked because a network file system may
 * report a failed write only there. */
static int
write_file(struct store *store, const struct output *output, const struct descriptor *layer,
	   const char *title, struct error **err)
{
	AUTO_CLOSE int parent_fd = -1;
	AUTO_CLOSE int to_fd = -1;
	uint64_t size_bytes;
	AUTO_CLOSE int from_fd = store_open_blob(store, &layer->digest, &size_bytes, err);
	AUTO_FREE char *id = from_fd < 0 ? NULL : random_hex(8, err);
	AUTO_FREE char *part = id ? xasprintf(".%s.tmp", id) : NULL;
	AUTO_FREE char *path = xasprintf("%s/%.*s%s", output->directory,
					 (int)(path_name(title) - title), title, part ? part : "");
	int result;

	if (!part)
		return -1;
	if (open_parent(output->fd, title, true, &parent_fd) < 0)
		return error_set_path(err, errno, "make the folder of", title);
	leftovers_add(path);
	to_fd = openat(parent_fd, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	result = to_fd < 0 ? error_set_path(err, errno, "make", title)
			   : copy_content(from_fd, to_fd, title, err);
	if (to_fd >= 0 && close(TAKE_FD(to_fd)) < 0 && result == 0)
		result = error_set_path(err, errno, "write", title);
	if (result == 0)
		result = give_name(output, parent_fd, part, layer, title, err);
	(void)unlinkat(parent_fd, part, 0);
	leftovers_forget(path);
	return result;
}

int
artifact_write_files(struct store *store, const struct image_node *root, const char *directory,
		     struct observer *observer, struct error **err)
{
	const struct descriptors *layers = &root->manifest.layers;
	AUTO_STRINGS struct strings titles = { 0 };
	AUTO_FREE bool *are_there = xcalloc(layers->count + 1, sizeof(bool));
	AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct output output = { .directory = directory };
	size_t untitled = 0;

	if (root->kind != DOCUMENT_MANIFEST)
		return error_set(err, ERROR_USAGE, "it is an index, which has no files");
	if (fd < 0 && errno != ENOENT)
		return error_set_path(err, errno, "open", directory);
	if (read_titles(&root->manifest, &titles, err) < 0)
		return -1;
	for (size_t i = 0; i < layers->count; i++) {
		untitled += !*titles.items[i];
		if (*titles.items[i] && check_existing(fd, &layers->items[i], directory,
						       titles.items[i], &are_there[i], err) < 0)
			return -1;
	}
	if (untitled == layers->count)
		return error_set(err, ERROR_CONTENT, "it has no files: no layer has a title");
	if (untitled > 0)
		observer_tell(observer, EVENT_NOTICE, "left out %zu layer%s without a title",
			      untitled, untitled == 1 ? "" : "s");
	if (fd < 0 && dir_make(directory, 0777, err) == 0)
		fd = dir_open(directory, err);
	if (fd < 0)
		return -1;
	output.fd = fd;
	for (size_t i = 0; i < layers->count; i++)
		if (*titles.items[i] && !are_there[i] &&
		    write_file(store, &output, &layers->items[i], titles.items[i], err) < 0)
			return -1;
	return 0;
}
