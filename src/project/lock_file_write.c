#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "project/lock_private.h"

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

/* Names of images and references need no escapes. */
static int
add_entry(struct buf *text, bool is_first, const char *name, const json_t *value,
	  struct error **err)
{
	AUTO_FREE char *shown = json_dumps(value, JSON_SORT_KEYS | JSON_ENCODE_ANY);
	AUTO_FREE char *line = xasprintf("%s\n    \"%s\": %s", is_first ? "" : ",", name, shown);

	return buf_append_text(text, line, err);
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
		if (add_entry(text, is_first, key, value, err) < 0)
			return -1;
		is_first = false;
	}
	return buf_append_text(text, is_first ? "},\n" : "\n  },\n", err);
}

static int
format(const struct lock_file *lock, struct buf *text, struct error **err)
{
	if (buf_append_text(text, "{\n", err) < 0 ||
	    add_section(text, "images", lock->images, err) < 0 ||
	    add_section(text, "pins", lock->pins, err) < 0)
		return -1;
	return buf_append_text(text, "  \"version\": 1\n}\n", err);
}

static bool
says_the_same(const char *path, const struct buf *text)
{
	AUTO_BUF struct buf old = BUF_INIT(LOCK_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	bool found;

	return file_find(AT_FDCWD, path, &old, &found, &ignored) == 0 && found &&
	       old.size == text->size && memcmp(old.data, text->data, old.size) == 0;
}

int
lock_file_write(const char *directory, const struct lock_file *lock, bool *ret_changed,
		struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory, LOCK_FILE_NAME);
	AUTO_BUF struct buf text = BUF_INIT(LOCK_FILE_LIMIT_BYTES);
	bool changed;

	if (format(lock, &text, err) < 0)
		return error_wrap(err, "cannot write '%s'", QUOTED(path));
	changed = !says_the_same(path, &text);
	if (changed && file_replace(AT_FDCWD, path, 0666, text.data, text.size, err) < 0)
		return -1;
	*ret_changed = changed;
	return 0;
}
