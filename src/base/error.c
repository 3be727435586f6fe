#define ERROR_C /* what it defines are no macros here */
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>

#include "base/text.h"
#include "base/xalloc.h"

struct error {
	enum error_kind kind;
	char *text;
	const char *class_name;
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

/* One class and one remedy, wherever a disk is full. */
static int
add_remedy(int errnum, struct error **err)
{
	if (errnum == EMFILE)
		return error_set_hint(err, "allow more open files, as with 'ulimit -n 1024'");
	if (errnum != ENOSPC && errnum != EDQUOT)
		return -1;
	error_set_class(err, "space");
	return error_set_hint(err, "free some space there; in the store, 'ocifp store gc' does");
}

int
error_set_errno(struct error **err, int errnum, const char *format, ...)
{
	AUTO_FREE char *context = NULL;
	va_list args;

	va_start(args, format);
	context = xvasprintf(format, args);
	va_end(args);
	errno = errnum;
	set_text(err, errno_kind(errnum), xasprintf("%s: %m", context));
	return add_remedy(errnum, err);
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
error_set_class(struct error **err, const char *class_name)
{
	assert(*err);
	(*err)->class_name = class_name;
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

const char *
error_class(const struct error *error)
{
	return error->class_name;
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
