/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/common_options.h"
#include "registry/auth/credentials.h"

static int
run_logout(struct context *context, const void *values, const struct strings *operands,
	   struct error **err)
{
	const struct registry_options *options = &context->options.session.registry;
	AUTO_FREE char *host = registry_host_parse(operands->items[0], err);
	AUTO_FREE char *where = NULL;
	AUTO_FREE char *text = NULL;
	bool found;

	(void)values;
	if (!host || credential_erase(options, host, &found, &where, err) < 0)
		return -1;
	text = xasprintf("%s '%s' (%s)", found ? "logged out of" : "not logged in to", host, where);
	return context_result(
		context, text,
		json_pack("{s:s, s:b, s:s}", "host", host, "removed", found, "stored", where), err);
}

const struct command cmd_logout = {
	.name = "logout",
	.summary = "remove the saved password or token for a registry",
	.usage = "HOST",
	.groups = OPTIONS_NETWORK | OPTIONS_PROMPT,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_logout,
};
