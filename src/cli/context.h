/* SPDX-License-Identifier: Apache-2.0 */
/* context.h - passed to every command: common options, session, project, output of results */
#ifndef OCIFP_CLI_CONTEXT_H
#define OCIFP_CLI_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/strings.h"
#include "project/settings.h"
#include "repository/session.h"

struct buf;
struct command;
struct digest;
struct error;
struct location;
struct observer;
struct page;
struct progress;
struct project;

struct common_options {
	bool help;
	bool help_all;
	bool json;
	bool quiet;
	bool verbose;
	const char *progress;     /* auto, tty, plain, json, none; NULL: auto */
	const char *status_file;  /* NULL: none */
	const char *trace_file;   /* NULL: none */
	int64_t timeout_ms;       /* 0: none */
	const char *project_file; /* NULL: sought upward */
	const char *directory;    /* NULL: the working directory */
	bool password_stdin;
	char *password;                  /* read from stdin; erased when released */
	char *login_host;                /* the registry of --username; NULL: not known yet */
	struct strings plain_http_hosts; /* --plain-http */
	struct strings trusted_realms;   /* --trust-realm */
	struct settings settings;        /* of the user and the machine */
	struct session_options session;  /* point into the above */
};

struct context {
	const struct command *command; /* the running command */
	size_t named_count;            /* operands that stood before "--" */
	int job_status;                /* the exit status of a job, if nothing failed */
	struct common_options options;
	struct progress *progress; /* its observer receives the lower layers' events, its counts are
				      used in summaries */
	struct session *session;   /* context_session() makes it */
	struct project *project;   /* context_project() reads it */
	struct registry_mirror *mirrors; /* the settings' and the project's */
	bool has_result;                 /* stdout has its only result */
};

struct session *context_session(struct context *context);

/* Binds --username to the registry of an operand, before the session is made.  The first call
 * decides: a command that names several registries starts with the one that it writes to. */
void context_log_in_at_host(struct context *context, const char *host);
void context_log_in_at(struct context *context, const struct location *place);

/* The same for REF or IMAGE as typed; NULL: the only image of the project, or the default.  Binds
 * nothing without a registry in it. */
void context_log_in_at_operand(struct context *context, const char *operand);

/* NULL with *err if there is no project file: ERROR_USAGE with a hint. */
struct project *context_project(struct context *context, struct error **err);

/* The same, but NULL without *err when there is no project file. */
struct project *context_find_project(struct context *context, struct error **err);

/* Prints the result to stdout: `text` and a newline, or with --json the object (taken) on one line.
 * Nothing else writes to stdout.  A command that answers "absent" may print its evidence here and
 * then fail: no failure object follows.  ERROR_LOCAL when stdout fails. */
int context_result(struct context *context, const char *text, json_t *object, struct error **err);

/* The same with the text of a page, which is emptied. */
int context_result_page(struct context *context, struct page *page, json_t *object,
			struct error **err);

/* Prints bytes unchanged, with --json too, so that their digest can be computed; adds no line end.
 * A terminal gets no control characters. */
int context_result_bytes(struct context *context, const struct buf *bytes, struct error **err);

/* The same for an image: "host/name@digest", and an object of "image", "digest" and the members of
 * `more` (taken; NULL: none). */
int context_result_image(struct context *context, const char *repository,
			 const struct digest *digest, json_t *more, struct error **err);

/* ERROR_LOCAL after a failed write to stdout.  CLASS_NO_READER if the reader has closed it, as in
 * `ocifp help | head`: that is not reported. */
int context_fail_output(int errnum, struct error **err);

/* A line on stderr, "ocifp: ...", unless --quiet; notices of lower layers are printed the same way.
 */
void context_notice(struct context *context, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void context_release(struct context *context);

#endif
