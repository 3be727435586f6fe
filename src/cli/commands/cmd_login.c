/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/registry_host.h"
#include "cli/prompt.h"
#include "registry/auth/credentials.h"

static int
ask_username(const char *host, char **ret_username, struct error **err)
{
	AUTO_FREE char *question = xasprintf("user name for %s: ", host);

	*ret_username = prompt_line(question, false, err);
	return *ret_username ? 0 : -1;
}

static int
ask_password(const char *host, char **ret_password, struct error **err)
{
	AUTO_FREE char *question = xasprintf("password or token for %s: ", host);

	*ret_password = prompt_line(question, true, err);
	return *ret_password ? 0 : -1;
}

/* From the options; what they lack, from the terminal. */
static int
read_credential(const struct common_options *options, const char *host,
		struct credential *credential, struct error **err)
{
	const struct registry_options *given = &options->session.registry;

	credential->is_explicit = true;
	credential->username = xstrdup_null(given->username);
	credential->password = xstrdup_null(given->password);
	if (!credential->username && ask_username(host, &credential->username, err) < 0)
		return -1;
	if (strchr(credential->username, ':'))
		return error_set(err, ERROR_USAGE, "a user name cannot contain ':'");
	if (!credential->password && ask_password(host, &credential->password, err) < 0)
		return -1;
	return 0;
}

static int
check(struct context *context, const char *host, const struct credential *credential,
      struct error **err)
{
	struct registry *registry = session_registry(context_session(context), err);

	if (!registry)
		return -1;
	return registry_check_login(registry, host, credential, err);
}

static int
report(struct context *context, const char *host, const char *username, const char *where,
       struct error **err)
{
	AUTO_FREE char *text =
		xasprintf("logged in to '%s' as '%s' (%s)", host, QUOTED(username), where);

	return context_result(context, text,
			      json_pack("{s:s, s:s, s:s}", "host", host, "username",
					QUOTED(username), "stored", where),
			      err);
}

static int
run_login(struct context *context, const void *values, const struct strings *operands,
	  struct error **err)
{
	const struct registry_options *options = &context->options.session.registry;
	AUTO_FREE char *host = registry_host_parse(operands->items[0], err);
	AUTO_CREDENTIAL struct credential credential = { 0 };
	AUTO_FREE char *where = NULL;

	(void)values;
	if (!host)
		return -1;
	if (options->anonymous)
		return error_set(err, ERROR_USAGE, "--anonymous contradicts a login");
	context_log_in_at_host(context, host);
	if (read_credential(&context->options, host, &credential, err) < 0 ||
	    check(context, host, &credential, err) < 0 ||
	    credential_store(options, host, &credential, &where, err) < 0)
		return -1;
	return report(context, host, credential.username, where, err);
}

static const struct option_spec foreign_options[] = {
	{ "password", 'p', OPTION_REFUSED, 0, "PASSWORD",
	  "other users see a password in a command line; use --password-stdin" },
	{ 0 },
};

const struct command cmd_login = {
	.name = "login",
	.summary = "check a password or token for a registry and save it",
	.usage = "HOST",
	.other_options = foreign_options,
	.groups = OPTIONS_NETWORK | OPTIONS_PROMPT,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_login,
};
