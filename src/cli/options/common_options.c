/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/common_options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/context.h"
#include "oci/reference.h"

#define AT(member) offsetof(struct common_options, member)

static const struct option_spec general_options[] = {
	{ "json", 0, OPTION_FLAG, AT(json), NULL, "write the result as one JSON object" },
	{ "quiet", 'q', OPTION_FLAG, AT(quiet), NULL, "show no notices and no progress" },
	{ "verbose", 'v', OPTION_FLAG, AT(verbose), NULL, "show every request and decision" },
	{ "progress", 0, OPTION_STRING, AT(progress), "auto|tty|plain|json|none",
	  "how to show progress" },
	{ "timeout", 0, OPTION_DURATION, AT(timeout_ms), "TIME",
	  "give up after this time, with exit status 124" },
	{ "status-file", 0, OPTION_STRING, AT(status_file), "FILE",
	  "write the final status to FILE as JSON" },
	{ "trace", 0, OPTION_STRING, AT(trace_file), "FILE",
	  "write what took how long to FILE, for Perfetto" },
	{ "help", 'h', OPTION_FLAG, AT(help), NULL, "show the first options of the command" },
	{ "help-all", 0, OPTION_FLAG, AT(help_all), NULL, "show all options of the command" },
	{ 0 },
};

static const struct option_spec project_options[] = {
	{ "file", 'f', OPTION_STRING, AT(project_file), "FILE",
	  "read this project file; by default, search upward for .ocifp.yaml" },
	{ "directory", 'C', OPTION_STRING, AT(directory), "DIR",
	  "look for the project in DIR, not in the working directory" },
	{ 0 },
};

static const struct option_spec store_options[] = {
	{ "store", 0, OPTION_STRING, AT(session.store_path), "DIR",
	  "use this store instead of $OCIFP_STORE or ~/.local/share/ocifp" },
	{ "lock-timeout", 0, OPTION_DURATION, AT(session.lock_timeout_ms), "TIME",
	  "wait at most this long for other users of the store" },
	{ 0 },
};

static const struct option_spec network_options[] = {
	{ "tls-ca", 0, OPTION_STRING, AT(session.engine.ca_file), "FILE",
	  "trust these certificate authorities (PEM), not the system's" },
	{ "tls-cert", 0, OPTION_STRING, AT(session.engine.certificate_file), "FILE",
	  "present this client certificate (PEM)" },
	{ "tls-key", 0, OPTION_STRING, AT(session.engine.key_file), "FILE",
	  "private key (PEM) of the client certificate" },
	{ "plain-http", 0, OPTION_STRINGS, AT(plain_http_hosts), "HOST",
	  "use http instead of https for this host; repeatable" },
	{ "username", 'u', OPTION_STRING, AT(session.registry.username), "NAME",
	  "log in as NAME; requires --password-stdin" },
	{ "password-stdin", 0, OPTION_FLAG, AT(password_stdin), NULL,
	  "read the password or token from standard input" },
	{ "anonymous", 0, OPTION_FLAG, AT(session.registry.anonymous), NULL, "use no credentials" },
	{ "auth-file", 0, OPTION_STRING, AT(session.registry.auth_file), "FILE",
	  "read credentials from this file only" },
	{ "trust-realm", 0, OPTION_STRINGS, AT(trusted_realms), "HOST",
	  "send credentials to a token server on this host, too; repeatable" },
	{ "no-token-cache", 0, OPTION_FLAG, AT(session.registry.no_token_cache), NULL,
	  "do not read or save pull tokens between runs" },
	{ 0 },
};

const struct common_group common_groups[] = {
	{ OPTIONS_PROJECT, "Project", project_options },
	{ OPTIONS_STORE, "Store", store_options },
	{ OPTIONS_NETWORK, "Network", network_options },
	{ 0, "Every command", general_options },
	{ 0 },
};

/* An option that requires a host would otherwise take the reference that follows it. */
static int
check_hosts(const struct strings *hosts, const char *option, struct error **err)
{
	for (size_t i = 0; i < hosts->count; i++) {
		AUTO_FREE char *host = registry_host_parse(hosts->items[i], err);

		if (!host)
			return error_wrap(err, "%s", option);
	}
	return 0;
}

static int
check(const struct common_options *options, unsigned groups, struct error **err)
{
	const struct engine_options *engine = &options->session.engine;
	const struct registry_options *registry;

	if (engine->ca_file && !*engine->ca_file)
		return error_set(err, ERROR_USAGE, "invalid --tls-ca '': expected a PEM file");
	if (!engine->certificate_file != !engine->key_file)
		return error_set(err, ERROR_USAGE, "--tls-cert and --tls-key need each other");
	if (check_hosts(&options->plain_http_hosts, "--plain-http", err) < 0 ||
	    check_hosts(&options->trusted_realms, "--trust-realm", err) < 0)
		return -1;
	registry = &options->session.registry;
	if (registry->anonymous && (registry->username || options->password_stdin))
		return error_set(err, ERROR_USAGE, "--anonymous contradicts --username");
	if (options->password_stdin && !registry->username)
		return error_set(err, ERROR_USAGE, "--password-stdin requires --username");
	if (registry->username && !options->password_stdin && !(groups & OPTIONS_PROMPT)) {
		error_set(err, ERROR_USAGE, "--username requires --password-stdin");
		return error_set_hint(err, "printf %%s \"$TOKEN\" | ocifp ... --username NAME "
					   "--password-stdin");
	}
	return 0;
}

static int
read_password(char **ret_password, struct error **err)
{
	AUTO_SECRET_BUF struct buf line = BUF_INIT(TOKEN_LIMIT_BYTES);
	size_t size;

	if (fd_read_all(STDIN_FILENO, &line, "standard input", err) < 0)
		return error_wrap(err, "cannot read the password");
	/* Removes one line end, which the shell has added. */
	size = line.size;
	if (size > 0 && line.data[size - 1] == '\n')
		size--;
	if (size > 0 && line.data[size - 1] == '\r')
		size--;
	if (size == 0)
		return error_set(err, ERROR_USAGE, "the password on standard input is empty");
	line.data[size] = '\0';
	if (strlen(line.data) != size || strpbrk(line.data, "\r\n"))
		return error_set(err, ERROR_USAGE,
				 "the password on standard input is not a single line");
	*ret_password = buf_take(&line);
	return 0;
}

/* From the environment, separated by spaces or commas; then from the settings. */
static void
add_hosts(const struct settings *settings, const char *variable, const char *name,
	  struct strings *hosts)
{
	const char *value = environment_find(variable);
	AUTO_FREE char *words = xstrdup(value ? value : "");
	char *rest = words;
	char *word;

	while ((word = strsep(&rest, " ,")))
		if (*word && !strings_has(hosts, word))
			strings_add(hosts, word);
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].name, name) == 0 &&
		    !strings_has(hosts, settings->items[i].value))
			strings_add(hosts, settings->items[i].value);
}

static const char *
find_value(const struct settings *settings, const char *name)
{
	const struct setting *setting = settings_find(settings, name);

	return setting ? setting->value : NULL;
}

static const char *const *
list_of(const struct strings *strings)
{
	return (const char *const *)strings->items;
}

/* For tests, which cannot wait for real back-off. */
static int64_t
backoff_first_ms(void)
{
	const char *text = environment_find("OCIFP_BACKOFF_MS");
	uint64_t value;

	return text && text_parse_uint(text, BACKOFF_LIMIT_MS, &value) ? (int64_t)value : 0;
}

int
common_options_finish(struct common_options *options, unsigned groups, struct error **err)
{
	struct session_options *session = &options->session;

	/* Defaults for options that were not given. */
	if ((groups & (OPTIONS_NETWORK | OPTIONS_STORE))) {
		struct settings *settings = &options->settings;

		if (settings_read(settings, err) < 0)
			return -1;
		if (!session->engine.ca_file)
			session->engine.ca_file = environment_find("OCIFP_TLS_CA");
		/* Given for this run: registries on this machine then have TLS, too. */
		session->registry.loopback_tls =
			session->engine.ca_file || session->engine.certificate_file;
		if (!session->engine.ca_file)
			session->engine.ca_file = find_value(settings, "tls_ca");
		if (!session->store_path && !environment_find("OCIFP_STORE"))
			session->store_path = find_value(settings, "store");
		session->registry.direct_bearer = settings_is(settings, "direct_bearer", true);
		add_hosts(settings, "OCIFP_PLAIN_HTTP", "plain_http", &options->plain_http_hosts);
		add_hosts(settings, "OCIFP_TRUST_REALM", "trust_realm", &options->trusted_realms);
	}
	if (check(options, groups, err) < 0)
		return -1;
	if (options->password_stdin && read_password(&options->password, err) < 0)
		return -1;
	session->registry.password = options->password;
	session->registry.trust_realms = list_of(&options->trusted_realms);
	session->engine.plain_http_hosts = list_of(&options->plain_http_hosts);
	session->engine.backoff_first_ms = backoff_first_ms();
	session->engine.user_agent = PACKAGE_NAME "/" PACKAGE_VERSION;
	if (options->timeout_ms > 0)
		session->engine.deadline_ms = deadline_after_ms(options->timeout_ms);
	return 0;
}

void
common_options_release(struct common_options *options)
{
	if (options->password)
		explicit_bzero(options->password, strlen(options->password));
	free(options->password);
	free(options->login_host);
	strings_release(&options->plain_http_hosts);
	strings_release(&options->trusted_realms);
	settings_release(&options->settings);
}

char
option_letter(const struct command *command, const struct option_spec *spec)
{
	const struct option_spec *own = command->options;

	for (; own && own->name; own++)
		if (own->letter == spec->letter && own != spec)
			return 0;
	return spec->letter;
}

/* The part after the host in addresses that registries show. */
static bool
is_base_path(const char *path)
{
	static const char *const paths[] = { "", "/", "/v1", "/v1/", "/v2", "/v2/" };

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (strcmp(path, paths[i]) == 0)
			return true;
	return false;
}

char *
registry_host_parse(const char *operand, struct error **err)
{
	static const char https[] = "https://";
	const char *start = text_starts(operand, https) ? operand + strlen(https) : operand;
	size_t size = strcspn(start, "/");
	bool is_address = start != operand && is_base_path(start + size);
	AUTO_FREE char *host = is_address ? xstrndup(start, size) : xstrdup(operand);

	for (char *at = host; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (reference_host_is_valid(host))
		return TAKE_PTR(host);
	error_set(err, ERROR_USAGE, "invalid registry '%s'", QUOTED(operand));
	error_set_hint(err, "expected HOST or HOST:PORT, such as ghcr.io");
	return NULL;
}
