/* SPDX-License-Identifier: Apache-2.0 */
#define ERROR_C /* error.h must not define these functions as macros here */
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/text.h"
#include "base/xalloc.h"

struct error {
	enum error_kind kind;
	char *text;
	enum error_class error_class;
	char *hint;
	struct error_remote remote; /* its strings are ours */
};

int
error_pass(struct error **err, struct error *error)
{
	assert(!*err);
	*err = error;
	return -1;
}

static int
set_text(struct error **err, enum error_kind kind, char *text)
{
	struct error *error = XNEW(struct error);

	error->kind = kind;
	error->text = text;
	return error_pass(err, error);
}

int
error_set(struct error **err, enum error_kind kind, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return set_text(err, kind, text);
}

static enum error_kind
errno_kind(int errnum)
{
	switch (errnum) {
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
		return ERROR_FAILURE;
	default:
		return ERROR_LOCAL;
	}
}

struct errno_text
errno_text(int errnum)
{
	struct errno_text text;

	errno_describe(errnum, text.text, sizeof(text.text));
	return text;
}

int
error_set_errno(struct error **err, int errnum, const char *format, ...)
{
	AUTO_FREE char *context = NULL;
	va_list args;

	va_start(args, format);
	context = xvasprintf(format, args);
	va_end(args);
	set_text(err, errno_kind(errnum), xasprintf("%s: %s", context, errno_text(errnum).text));
	/* A full disk gets the same class and hint, whichever call met it. */
	if (errnum == EMFILE)
		return error_set_hint(err, "allow more open files, as with 'ulimit -n 1024'");
	if (errnum != ENOSPC && errnum != EDQUOT)
		return -1;
	error_set_class(err, CLASS_SPACE);
	return error_set_hint(err, "free some space there; in the store, 'ocifp store gc' does");
}

int
error_set_path(struct error **err, int errnum, const char *doing, const char *path)
{
	return error_set_errno(err, errnum, "cannot %s '%s'", doing, QUOTED(path));
}

int
error_wrap(struct error **err, const char *format, ...)
{
	AUTO_FREE char *context = NULL;
	AUTO_FREE char *inner = NULL;
	va_list args;

	assert(*err);
	va_start(args, format);
	context = xvasprintf(format, args);
	va_end(args);
	inner = TAKE_PTR((*err)->text);
	(*err)->text = xasprintf("%s: %s", context, inner);
	return -1;
}

int
error_set_kind(struct error **err, enum error_kind kind)
{
	(*err)->kind = kind;
	return -1;
}

int
error_set_class(struct error **err, enum error_class error_class)
{
	assert(*err);
	(*err)->error_class = error_class;
	return -1;
}

int
error_set_hint(struct error **err, const char *format, ...)
{
	va_list args;

	assert(*err);
	if ((*err)->hint)
		return -1;
	va_start(args, format);
	(*err)->hint = xvasprintf(format, args);
	va_end(args);
	return -1;
}

static void
remote_release(struct error_remote *remote)
{
	free((char *)(uintptr_t)remote->code);
	free((char *)(uintptr_t)remote->request_id);
}

int
error_set_remote(struct error **err, const struct error_remote *remote)
{
	struct error_remote copy = *remote;

	assert(*err);
	copy.code = remote->code ? xstrdup(remote->code) : NULL;
	copy.request_id = remote->request_id ? xstrdup(remote->request_id) : NULL;
	remote_release(&(*err)->remote);
	(*err)->remote = copy;
	return -1;
}

enum error_kind
error_kind(const struct error *error)
{
	return error->kind;
}

bool
error_is(const struct error *error, enum error_kind kind)
{
	return error && error->kind == kind;
}

const char *
error_text(const struct error *error)
{
	return error->text;
}

static const char *const class_names[ERROR_CLASS_COUNT] = {
	[CLASS_BLOB_UNKNOWN] = "blob_unknown",
	[CLASS_BUILD] = "build",
	[CLASS_COMPRESSED] = "compressed",
	[CLASS_COMPRESSION] = "compression",
	[CLASS_CONNECT] = "connect",
	[CLASS_DIGEST] = "digest",
	[CLASS_DNS] = "dns",
	[CLASS_DOWNLOADS] = "downloads",
	[CLASS_ENGINE] = "engine",
	[CLASS_FINGERPRINT] = "fingerprint",
	[CLASS_FOREIGN_OWNER] = "foreign_owner",
	[CLASS_FOREIGN_PLATFORM] = "foreign_platform",
	[CLASS_HELPER] = "helper",
	[CLASS_HYBRID] = "hybrid",
	[CLASS_INDEX] = "index",
	[CLASS_INTERRUPTED] = "interrupted",
	[CLASS_JSON] = "json",
	[CLASS_KEEPS_NOTHING] = "keeps_nothing",
	[CLASS_LAST_VERSION] = "last_version",
	[CLASS_LIMIT] = "limit",
	[CLASS_LOCK] = "lock",
	[CLASS_LOCK_FILE] = "lock_file",
	[CLASS_MANIFEST_UNKNOWN] = "manifest_unknown",
	[CLASS_MISSING] = "missing",
	[CLASS_NEEDS_FLAT] = "needs_flat",
	[CLASS_NO_CACHE] = "no_cache",
	[CLASS_NO_IDMAP] = "no_idmap",
	[CLASS_NO_INPUTS] = "no_inputs",
	[CLASS_NO_OVERLAY] = "no_overlay",
	[CLASS_NO_READER] = "no_reader",
	[CLASS_NO_USERNS] = "no_userns",
	[CLASS_NOT_FETCHED] = "not_fetched",
	[CLASS_NOT_FOUND] = "not_found",
	[CLASS_OFFLINE] = "offline",
	[CLASS_OUTSIDE_PROJECT] = "outside_project",
	[CLASS_PROTOCOL] = "protocol",
	[CLASS_PROXY] = "proxy",
	[CLASS_QUOTA] = "quota",
	[CLASS_RANGE] = "range",
	[CLASS_REALM] = "realm",
	[CLASS_SERVER] = "server",
	[CLASS_SIGNAL] = "signal",
	[CLASS_SIGNATURE] = "signature",
	[CLASS_SIZE] = "size",
	[CLASS_SOURCE_CHANGED] = "source_changed",
	[CLASS_SOURCE_TIMES] = "source_times",
	[CLASS_SPACE] = "space",
	[CLASS_SSRF] = "ssrf",
	[CLASS_TAG_CONFLICT] = "tag_conflict",
	[CLASS_TIMEOUT] = "timeout",
	[CLASS_TLS] = "tls",
	[CLASS_UNSUPPORTED] = "unsupported",
};

const char *
error_class(const struct error *error)
{
	return class_names[error->error_class];
}

bool
error_has_class(const struct error *error, enum error_class error_class)
{
	return error && error->error_class == error_class;
}

enum error_class
error_class_parse(const char *name)
{
	for (size_t i = CLASS_NONE + 1; name && i < ERROR_CLASS_COUNT; i++)
		if (strcmp(class_names[i], name) == 0)
			return (enum error_class)i;
	return CLASS_NONE;
}

const char *
error_hint(const struct error *error)
{
	return error->hint;
}

const struct error_remote *
error_remote(const struct error *error)
{
	return &error->remote;
}

void
error_free(struct error *error)
{
	if (!error)
		return;
	remote_release(&error->remote);
	free(error->hint);
	free(error->text);
	free(error);
}
