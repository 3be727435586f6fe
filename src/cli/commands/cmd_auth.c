/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/common_options.h"
#include "cli/output/page.h"
#include "oci/document.h"
#include "registry/auth/credentials.h"

static int
run_explain(struct context *context, const void *values, const struct strings *operands,
	    struct error **err)
{
	AUTO_FREE char *host = registry_host_parse(operands->items[0], err);
	AUTO_STRINGS struct strings lines = { 0 };
	AUTO_PAGE struct page page = { 0 };

	(void)values;
	if (!host)
		return -1;
	context_log_in_at_host(context, host);
	if (credential_explain(&context->options.session.registry, host, &lines, err) < 0)
		return -1;
	for (size_t i = 0; i < lines.count; i++)
		page_add(&page, "%s\n", lines.items[i]);
	return context_result_page(
		context, &page,
		json_pack("{s:s, s:o}", "host", host, "places", json_strings(&lines)), err);
}

static const struct command cmd_explain = {
	.name = "explain",
	.summary = "show where the credentials for a registry come from",
	.usage = "HOST",
	.groups = OPTIONS_NETWORK,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_explain,
};

const struct command cmd_auth = {
	.name = "auth",
	.summary = "show where credentials come from",
	.subcommands = (const struct command *const[]){ &cmd_explain, NULL },
};
