/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/common_options.h"
#include "registry/auth/credentials.h"

static int
read_line(int terminal, struct buf *line, struct error **err)
{
	for (;;) {
		char byte;
		ssize_t got = read(terminal, &byte, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read from the terminal");
		if (got == 0 || byte == '\n')
			return 0;
		if (byte != '\0' && buf_append(line, &byte, 1, err) < 0)
			return -1;
	}
}

static int
ask(int terminal, const char *question, struct buf *line, struct error **err)
{
	if (fd_write_all(terminal, question, strlen(question), "the terminal", err) < 0 ||
	    read_line(terminal, line, err) < 0)
		return -1;
	if (line->size == 0)
		return error_set(err, ERROR_USAGE, "the input was empty");
	return 0;
}

/* Turns ISIG off: an interrupt would leave the echo off, so ^C ends the line instead. */
static int
ask_in_secret(int terminal, const char *question, struct buf *line, struct error **err)
{
	struct termios usual;
	struct termios mute;
	int result;

	if (tcgetattr(terminal, &usual) < 0)
		return error_set_errno(err, errno, "cannot silence the terminal");
	mute = usual;
	mute.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	if (tcsetattr(terminal, TCSAFLUSH, &mute) < 0)
		return error_set_errno(err, errno, "cannot silence the terminal");
	result = ask(terminal, question, line, err);
	(void)tcsetattr(terminal, TCSAFLUSH, &usual);
	(void)!write(terminal, "\n", 1);
	if (result == 0 && strchr(line->data, '\003'))
		return error_set(err, ERROR_USAGE, "interrupted");
	return result;
}

/* Reads one line from the controlling terminal, not from standard input; `is_secret` turns the echo
 * off.  The caller owns the line.  ERROR_USAGE: no terminal, or an empty line. */
static char *
prompt_line(const char *question, bool is_secret, struct error **err)
{
	AUTO_CLOSE int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	AUTO_SECRET_BUF struct buf line = BUF_INIT(TOKEN_LIMIT_BYTES);
	int result;

	if (terminal < 0) {
		error_set(err, ERROR_USAGE, "cannot ask for a user name or password: no terminal");
		error_set_hint(err, "give --username NAME and --password-stdin");
		return NULL;
	}
	result = is_secret ? ask_in_secret(terminal, question, &line, err)
			   : ask(terminal, question, &line, err);
	return result < 0 ? NULL : buf_take(&line);
}

/* From the options; asks at the terminal for the missing ones. */
static int
read_credential(const struct common_options *options, const char *host,
		struct credential *credential, struct error **err)
{
	const struct registry_options *given = &options->session.registry;

	credential->is_explicit = true;
	credential->username = xstrdup_null(given->username);
	credential->password = xstrdup_null(given->password);
	if (!credential->username) {
		AUTO_FREE char *question = xasprintf("user name for %s: ", host);

		credential->username = prompt_line(question, false, err);
		if (!credential->username)
			return -1;
	}
	if (strchr(credential->username, ':'))
		return error_set(err, ERROR_USAGE, "a user name cannot contain ':'");
	if (!credential->password) {
		AUTO_FREE char *question = xasprintf("password or token for %s: ", host);

		credential->password = prompt_line(question, true, err);
	}
	return credential->password ? 0 : -1;
}

static int
run_login(struct context *context, const void *values, const struct strings *operands,
	  struct error **err)
{
	const struct registry_options *options = &context->options.session.registry;
	AUTO_FREE char *host = registry_host_parse(operands->items[0], err);
	AUTO_CREDENTIAL struct credential credential = { 0 };
	struct registry *registry;
	AUTO_FREE char *where = NULL;
	AUTO_FREE char *text = NULL;

	(void)values;
	if (!host)
		return -1;
	if (options->anonymous)
		return error_set(err, ERROR_USAGE, "--anonymous contradicts a login");
	context_log_in_at_host(context, host);
	if (read_credential(&context->options, host, &credential, err) < 0)
		return -1;
	registry = session_registry(context_session(context), err);
	if (!registry || registry_check_login(registry, host, &credential, err) < 0 ||
	    credential_store(options, host, &credential, &where, err) < 0)
		return -1;
	text = xasprintf("logged in to '%s' as '%s' (%s)", host, QUOTED(credential.username),
			 where);
	return context_result(context, text,
			      json_pack("{s:s, s:s, s:s}", "host", host, "username",
					QUOTED(credential.username), "stored", where),
			      err);
}

static const struct option_spec foreign_options[] = {
	{ "password", 'p', OPTION_REFUSED, 0, "PASSWORD",
	  "other users see a password in a command line; use --password-stdin" },
	{ 0 },
};

const struct command cmd_login = {
	.name = "login",
	.summary = "check a password or token for a registry and save it",
	.usage = "[--username NAME --password-stdin] HOST",
	.other_options = foreign_options,
	.groups = OPTIONS_NETWORK | OPTIONS_PROMPT,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_login,
};
