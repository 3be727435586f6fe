#include "project/lock_private.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "oci/reference.h"

static const uint64_t known_version = 1;

struct lock_top {
	uint64_t version;
	const json_t *pins;
	const json_t *images;
};

static const struct field top_fields[] = {
	{ "version", FIELD_SIZE, true, offsetof(struct lock_top, version) },
	{ "pins", FIELD_STRINGS, false, offsetof(struct lock_top, pins) },
	{ "images", FIELD_OBJECT, false, offsetof(struct lock_top, images) },
};

struct lock_entry {
	const char *fingerprint;
	const char *digest;
	const json_t *platforms;
};

static const struct field entry_fields[] = {
	{ "fingerprint", FIELD_STRING, true, offsetof(struct lock_entry, fingerprint) },
	{ "digest", FIELD_STRING, true, offsetof(struct lock_entry, digest) },
	{ "platforms", FIELD_STRINGS, false, offsetof(struct lock_entry, platforms) },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int
check_digest(const char *name, const char *text, struct error **err)
{
	struct digest digest;

	return digest_parse(text, &digest, err) < 0 ? error_wrap(err, "'%s'", QUOTED(name)) : 0;
}

static int
check_digests(const json_t *digests, struct error **err)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)digests, name, value)
		if (check_digest(name, json_string_value(value), err) < 0)
			return -1;
	return 0;
}

static int
check_entry(const char *name, const json_t *entry, struct error **err)
{
	uint8_t fingerprint[32];
	struct lock_entry fields = { 0 };

	if (!json_is_object(entry))
		return error_set(err, ERROR_CONTENT, "'%s' is no object", QUOTED(name));
	if (document_read_fields(entry, entry_fields, COUNT(entry_fields), &fields, err) < 0 ||
	    check_digest("digest", fields.digest, err) < 0 ||
	    check_digests(fields.platforms, err) < 0)
		return error_wrap(err, "'%s'", QUOTED(name));
	if (!text_parse_hex(fields.fingerprint, sizeof(fingerprint), fingerprint))
		return error_set(err, ERROR_CONTENT, "the fingerprint of '%s' is not 64 hex digits",
				 QUOTED(name));
	return 0;
}

static int
check_document(struct lock_file *lock, struct error **err)
{
	struct lock_top top = { 0 };
	const char *name;
	json_t *entry;

	if (document_read_fields(lock->document, top_fields, COUNT(top_fields), &top, err) < 0)
		return -1;
	if (top.version != known_version)
		return error_set(err, ERROR_CONTENT, "its version is not known");
	if (check_digests(top.pins, err) < 0)
		return -1;
	json_object_foreach ((json_t *)(uintptr_t)top.images, name, entry)
		if (check_entry(name, entry, err) < 0)
			return -1;
	lock->pins = top.pins;
	lock->images = top.images;
	return 0;
}

static int
parse(const char *bytes, size_t size, struct lock_file *lock, struct error **err)
{
	lock->document = document_parse(bytes, size, err);
	return lock->document ? check_document(lock, err) : -1;
}

static int
read_lock(const char *path, struct lock_file *lock, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(LOCK_FILE_LIMIT_BYTES);
	bool found;

	if (file_find(AT_FDCWD, path, &bytes, &found, err) < 0)
		return -1;
	if (!found)
		return 0;
	return parse(bytes.data ? bytes.data : "", bytes.size, lock, err);
}

struct lock_file *
lock_file_parse(const char *bytes, size_t size, struct error **err)
{
	AUTO_LOCK_FILE struct lock_file *lock = XNEW(struct lock_file);

	return parse(bytes, size, lock, err) < 0 ? NULL : TAKE_PTR(lock);
}

struct lock_file *
lock_file_read(const char *directory, struct error **err)
{
	AUTO_LOCK_FILE struct lock_file *lock = XNEW(struct lock_file);
	AUTO_FREE char *path = xasprintf("%s/%s", directory, LOCK_FILE_NAME);
	AUTO_ERROR struct error *cause = NULL;

	if (read_lock(path, lock, &cause) == 0)
		return TAKE_PTR(lock);
	/* A broken file of the user's own is a matter of configuration, not of content. */
	error_set(err, ERROR_USAGE, "cannot use '%s': %s", QUOTED(path), error_text(cause));
	error_set_hint(err, "restore it; or remove it, and 'ocifp lock' writes it anew");
	return NULL;
}

int
lock_file_pin(const struct lock_file *lock, const char *reference, struct digest *ret_digest,
	      bool *ret_found, struct error **err)
{
	const char *text = json_string_value(json_object_get(lock->pins, reference));

	if (text && digest_parse(text, ret_digest, err) < 0)
		return -1;
	*ret_found = text != NULL;
	return 0;
}

int
lock_file_image(const struct lock_file *lock, const char *name, const char *fingerprint_hex,
		struct digest *ret_digest, bool *ret_found, struct error **err)
{
	const json_t *entry = json_object_get(lock->images, name);
	const char *fingerprint = json_string_value(json_object_get(entry, "fingerprint"));
	const char *text = json_string_value(json_object_get(entry, "digest"));

	*ret_found = false;
	if (!fingerprint || strcmp(fingerprint, fingerprint_hex) != 0)
		return 0;
	if (digest_parse(text, ret_digest, err) < 0)
		return -1;
	*ret_found = true;
	return 0;
}

void
lock_file_free(struct lock_file *lock)
{
	if (!lock)
		return;
	json_decref(lock->document);
	free(lock);
}
