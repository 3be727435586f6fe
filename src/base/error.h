/* SPDX-License-Identifier: Apache-2.0 */
/* error.h - why an operation failed
 *
 * A function that can fail takes `struct error **err` last and returns 0 or -1 (a constructor: a
 * pointer or NULL).  On failure it sets *err once, where the cause is known; callers add what they
 * were doing with error_wrap(), and only cli/ prints.  The kind decides the exit status; class and
 * remote code are for machines.  No code parses the text.
 */
#ifndef OCIFP_BASE_ERROR_H
#define OCIFP_BASE_ERROR_H

#include <stdbool.h>

#include "base/cleanup.h"

struct error;

/* One kind per exit status; cli/exit_status.c has the numbers. */
enum error_kind {
	ERROR_FAILURE,     /* quota, an exhausted resource, a fault of our own */
	ERROR_USAGE,       /* command line, project file or configuration */
	ERROR_ABSENT,      /* proven absent; only repository/presence makes it */
	ERROR_DENIED,      /* credentials missing or refused */
	ERROR_UNAVAILABLE, /* network or server trouble: the answer is unknown */
	ERROR_RATE,        /* rate limit, retry budget spent */
	ERROR_CONTENT,     /* not what its digest, size or specification says */
	ERROR_PLATFORM,    /* the image lacks the wanted platform */
	ERROR_REFUSED,     /* trust or conflict: certificate, lock file, moved tag */
	ERROR_LOCAL,       /* local input or output, or waiting for a lock */
	ERROR_BUILD,       /* the build command failed */
	ERROR_TIMEOUT,     /* the user's own --timeout has passed */
	ERROR_JOB,         /* a job could not be run because of ocifp or the machine */
	ERROR_NOT_INVOKED, /* a job's program exists but cannot be started */
	ERROR_NOT_FOUND,   /* a job's program does not exist */
	ERROR_KIND_COUNT
};

/* The cause more exactly, for machines (--json, --status-file) and for callers that handle it.  The
 * name of CLASS_NO_USERNS is "no_userns".  Published names do not change. */
enum error_class {
	CLASS_NONE,
	CLASS_BLOB_UNKNOWN,
	CLASS_BUILD,
	CLASS_COMPRESSED,
	CLASS_COMPRESSION,
	CLASS_CONNECT,
	CLASS_DIGEST,
	CLASS_DNS,
	CLASS_DOWNLOADS,
	CLASS_ENGINE,
	CLASS_FINGERPRINT,
	CLASS_FOREIGN_OWNER,
	CLASS_FOREIGN_PLATFORM,
	CLASS_HELPER,
	CLASS_HYBRID,
	CLASS_INDEX,
	CLASS_INTERRUPTED,
	CLASS_JSON,
	CLASS_KEEPS_NOTHING,
	CLASS_LAST_VERSION,
	CLASS_LIMIT,
	CLASS_LOCK,
	CLASS_LOCK_FILE,
	CLASS_MANIFEST_UNKNOWN,
	CLASS_MISSING,
	CLASS_NEEDS_FLAT,
	CLASS_NO_CACHE,
	CLASS_NO_IDMAP,
	CLASS_NO_INPUTS,
	CLASS_NO_OVERLAY,
	CLASS_NO_READER,
	CLASS_NO_USERNS,
	CLASS_NOT_FETCHED,
	CLASS_NOT_FOUND,
	CLASS_OFFLINE,
	CLASS_OUTSIDE_PROJECT,
	CLASS_PROTOCOL,
	CLASS_PROXY,
	CLASS_QUOTA,
	CLASS_RANGE,
	CLASS_REALM,
	CLASS_SERVER,
	CLASS_SIGNAL,
	CLASS_SIGNATURE,
	CLASS_SIZE,
	CLASS_SOURCE_CHANGED,
	CLASS_SOURCE_TIMES,
	CLASS_SPACE,
	CLASS_SSRF,
	CLASS_TAG_CONFLICT,
	CLASS_TIMEOUT,
	CLASS_TLS,
	CLASS_UNSUPPORTED,
	ERROR_CLASS_COUNT
};

/* A registry's answer, for --json and the status file. */
struct error_remote {
	int http_status;        /* 0: no response */
	const char *code;       /* its error code, for example MANIFEST_UNKNOWN; NULL: none */
	const char *request_id; /* NULL: none */
	bool retryable;         /* the same call may succeed later */
};

/* Both return -1, so a failing function can `return error_set(...)`. */
int error_set(struct error **err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The C library's text for an errno value.  It lives until the end of the full expression: pass
 * errno_text(errno).text as an argument, do not keep the pointer. */
struct errno_text {
	char text[128];
};

struct errno_text errno_text(int errnum);

/* ERROR_LOCAL with the text of `errnum`; ENOMEM and EMFILE are ERROR_FAILURE.  A full disk and an
 * exceeded quota get the class "space" and a hint. */
int error_set_errno(struct error **err, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for "cannot <doing> '<path>'"; quotes the path. */
int error_set_path(struct error **err, int errnum, const char *doing, const char *path);

/* Puts "context: " before the text.  Returns -1. */
int error_wrap(struct error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* These change an error that is set, and return -1 too.  A hint says what the user can do; the
 * first hint stays. */
int error_set_class(struct error **err, enum error_class error_class);
int error_set_hint(struct error **err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int error_set_kind(struct error **err, enum error_kind kind); /* changes the kind */
int error_set_remote(struct error **err, const struct error_remote *remote);

/* Passes on an error that was set elsewhere, and takes it.  Returns -1. */
int error_pass(struct error **err, struct error *error);

/* For analyzers, which do not see the functions' file: these return -1. */
#if defined __clang_analyzer__ && !defined ERROR_C
#define error_set(...) ((error_set)(__VA_ARGS__), -1)
#define error_set_errno(...) ((error_set_errno)(__VA_ARGS__), -1)
#define error_set_path(...) ((error_set_path)(__VA_ARGS__), -1)
#define error_pass(...) ((error_pass)(__VA_ARGS__), -1)
#define error_wrap(...) ((error_wrap)(__VA_ARGS__), -1)
#define error_set_class(...) ((error_set_class)(__VA_ARGS__), -1)
#define error_set_hint(...) ((error_set_hint)(__VA_ARGS__), -1)
#endif

enum error_kind error_kind(const struct error *error);
bool error_is(const struct error *error, enum error_kind kind); /* false for NULL */

/* The whole chain, outermost first: "cannot pull x: layer 3: Connection refused". */
const char *error_text(const struct error *error);
const char *error_class(const struct error *error); /* its name; NULL: none */
bool error_has_class(const struct error *error, enum error_class error_class); /* false for NULL */
enum error_class error_class_parse(const char *name); /* CLASS_NONE: no such name, or NULL */
const char *error_hint(const struct error *error);    /* NULL: none */
const struct error_remote *error_remote(const struct error *error);

void error_free(struct error *error);
DEFINE_CLEANUP(struct error, error_free)
#define AUTO_ERROR CLEANUP(error_free_at)

#endif
