/* SPDX-License-Identifier: Apache-2.0 */
#include "project/lock_file.h"

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

struct lock_file {
	json_t *document;     /* NULL: there is no file */
	const json_t *pins;   /* borrowed; NULL: none */
	const json_t *images; /* borrowed; NULL: none */
};

struct lock_file *
lock_file_new(void)
{
	struct lock_file *lock = XNEW(struct lock_file);

	lock->document = json_pack("{s:{}, s:{}, s:i}", "images", "pins", "version", 1);
	lock->images = json_object_get(lock->document, "images");
	lock->pins = json_object_get(lock->document, "pins");
	return lock;
}

void
lock_file_set_pin(struct lock_file *lock, const char *reference, const struct digest *digest)
{
	json_object_set_new(json_object_get(lock->document, "pins"), reference,
			    json_string(digest_text(digest).text));
}

void
lock_file_set_image(struct lock_file *lock, const char *name, const char *fingerprint_hex,
		    const struct digest *digest, json_t *platforms)
{
	json_object_set_new(json_object_get(lock->document, "images"), name,
			    json_pack("{s:s, s:s, s:O}", "digest", digest_text(digest).text,
				      "fingerprint", fingerprint_hex, "platforms", platforms));
}

bool
lock_file_keep_image(struct lock_file *lock, const struct lock_file *from, const char *name,
		     const char *fingerprint_hex)
{
	json_t *entry = json_object_get(from->images, name);
	const char *fingerprint = json_string_value(json_object_get(entry, "fingerprint"));

	if (!fingerprint || strcmp(fingerprint, fingerprint_hex) != 0)
		return false;
	json_object_set(json_object_get(lock->document, "images"), name, entry);
	return true;
}

static int
add_section(struct buf *text, const char *name, const json_t *entries, struct error **err)
{
	AUTO_JSON json_t *sorted = document_sorted(entries);
	AUTO_FREE char *head = xasprintf("  \"%s\": {", name);
	bool is_first = true;
	const char *key;
	json_t *value;

	if (buf_append_text(text, head, err) < 0)
		return -1;
	json_object_foreach (sorted, key, value) {
		AUTO_FREE char *shown = json_dumps(value, JSON_SORT_KEYS | JSON_ENCODE_ANY);
		AUTO_FREE char *line =
			xasprintf("%s\n    \"%s\": %s", is_first ? "" : ",", key, shown);

		/* Names of images and references need no escapes. */
		if (buf_append_text(text, line, err) < 0)
			return -1;
		is_first = false;
	}
	return buf_append_text(text, is_first ? "},\n" : "\n  },\n", err);
}

int
lock_file_write(const char *directory, const struct lock_file *lock, bool *ret_changed,
		struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory, LOCK_FILE_NAME);
	AUTO_BUF struct buf text = BUF_INIT(LOCK_FILE_LIMIT_BYTES);
	AUTO_BUF struct buf old = BUF_INIT(LOCK_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *unreadable = NULL;
	bool found = false;

	if (buf_append_text(&text, "{\n", err) < 0 ||
	    add_section(&text, "images", lock->images, err) < 0 ||
	    add_section(&text, "pins", lock->pins, err) < 0 ||
	    buf_append_text(&text, "  \"version\": 1\n}\n", err) < 0)
		return error_wrap(err, "cannot write '%s'", QUOTED(path));
	*ret_changed = file_find(AT_FDCWD, path, &old, &found, &unreadable) < 0 || !found ||
		       old.size != text.size || memcmp(old.data, text.data, old.size) != 0;
	if (!*ret_changed)
		return 0;
	return file_replace(AT_FDCWD, path, 0666, text.data, text.size, err);
}

static const uint64_t known_version = 1;

struct lock_top {
	uint64_t version;
	const json_t *pins;
	const json_t *images;
};

static const struct field top_fields[] = {
	FIELD("version", FIELD_SIZE, true, lock_top, version),
	FIELD("pins", FIELD_STRINGS, false, lock_top, pins),
	FIELD("images", FIELD_OBJECT, false, lock_top, images),
};

struct lock_entry {
	const char *fingerprint;
	const char *digest;
	const json_t *platforms;
};

static const struct field entry_fields[] = {
	FIELD("fingerprint", FIELD_STRING, true, lock_entry, fingerprint),
	FIELD("digest", FIELD_STRING, true, lock_entry, digest),
	FIELD("platforms", FIELD_STRINGS, false, lock_entry, platforms),
};

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
		return error_set(err, ERROR_CONTENT, "'%s' is not an object", QUOTED(name));
	if (DOCUMENT_READ(entry, entry_fields, &fields, err) < 0 ||
	    check_digest("digest", fields.digest, err) < 0 ||
	    check_digests(fields.platforms, err) < 0)
		return error_wrap(err, "'%s'", QUOTED(name));
	if (!text_parse_hex(fields.fingerprint, sizeof(fingerprint), fingerprint))
		return error_set(err, ERROR_CONTENT, "the fingerprint of '%s' is not 64 hex digits",
				 QUOTED(name));
	return 0;
}

static int
parse(const char *bytes, size_t size, struct lock_file *lock, struct error **err)
{
	struct lock_top top = { 0 };
	const char *name;
	json_t *entry;

	lock->document = document_parse(bytes, size, err);
	if (!lock->document)
		return -1;
	if (DOCUMENT_READ(lock->document, top_fields, &top, err) < 0)
		return -1;
	if (top.version != known_version)
		return error_set(err, ERROR_CONTENT, "its version is unknown");
	if (check_digests(top.pins, err) < 0)
		return -1;
	json_object_foreach ((json_t *)(uintptr_t)top.images, name, entry)
		if (check_entry(name, entry, err) < 0)
			return -1;
	lock->pins = top.pins;
	lock->images = top.images;
	return 0;
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
	AUTO_BUF struct buf bytes = BUF_INIT(LOCK_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *cause = NULL;
	bool found = false;

	if (file_find(AT_FDCWD, path, &bytes, &found, &cause) == 0 &&
	    (!found || parse(bytes.data ? bytes.data : "", bytes.size, lock, &cause) == 0))
		return TAKE_PTR(lock);
	/* A damaged file of the user's own is a configuration error, not a content error. */
	error_set(err, ERROR_USAGE, "cannot use '%s': %s", QUOTED(path), error_text(cause));
	error_set_hint(err, "restore it, or remove it and run 'ocifp lock'");
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
