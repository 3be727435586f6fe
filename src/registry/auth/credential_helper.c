/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/credential_helper.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/spawn.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "registry/auth/credentials.h"

/* Variables that keychains, password stores and cloud logins need; a name that ends in '_' is a
 * prefix. */
static const char *const passed_on[] = {
	"HOME",        "PATH",
	"USER",        "LOGNAME",
	"LANG",        "LC_",
	"TZ",          "TMPDIR",
	"XDG_",        "DBUS_",
	"DISPLAY",     "WAYLAND_",
	"GNUPGHOME",   "PASSWORD_STORE_",
	"AWS_",        "GOOGLE_",
	"AZURE_",      "GH_CONFIG_DIR",
	"CLOUDSDK_",   "DOCKER_",
	"HTTP_PROXY",  "HTTPS_PROXY",
	"NO_PROXY",    "http_proxy",
	"https_proxy", "no_proxy",
	"SSL_CERT_",
};

/* Letters, digits, '_', '-' and '.', not at the start: it becomes part of a program's name. */
static bool
name_is_valid(const char *name)
{
	if (!isalnum((unsigned char)*name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_-.", *name))
			return false;
	return true;
}

static bool
is_passed_on(const char *variable)
{
	for (size_t i = 0; i < COUNT_OF(passed_on); i++) {
		const char *name = passed_on[i];

		if (!text_starts(variable, name))
			continue;
		if (text_ends(name, "_") || variable[strlen(name)] == '=')
			return true;
	}
	return false;
}

struct call {
	const char *name;
	const char *verb;
	const char *input;
};

static int
run(const struct call *call, struct buf *output, struct buf *messages,
    struct spawn_result *ret_result, struct error **err)
{
	AUTO_FREE char *program = xasprintf("docker-credential-%s", call->name);
	AUTO_STRINGS struct strings environment = { 0 };
	const char *argv[] = { program, call->verb, NULL };
	struct spawn_options options = {
		.argv = argv,
		.input = call->input,
		.input_bytes = strlen(call->input),
		.output = output,
		.messages = messages,
		.deadline_ms = deadline_after_ms(HELPER_TIMEOUT_MS),
	};

	for (char **variable = environ; *variable; variable++)
		if (is_passed_on(*variable))
			strings_add(&environment, *variable);
	strings_add(&environment, "LC_MESSAGES=C");
	options.environment = (const char *const *)environment.items;
	return spawn_run(&options, ret_result, err);
}

static int
set_failure(const struct call *call, const struct spawn_result *result, const struct buf *messages,
	    struct error **err)
{
	AUTO_FREE char *said = text_quote_message(messages->data, messages->size);

	if (result->timed_out)
		return error_set(err, ERROR_DENIED,
				 "'docker-credential-%s' did not finish within %d s", call->name,
				 HELPER_TIMEOUT_MS / 1000);
	if (result->exit_status == 127) {
		error_set(err, ERROR_USAGE, "'docker-credential-%s' is not installed", call->name);
		return error_set_hint(err, "install it, remove it from the configuration, or use "
					   "--anonymous");
	}
	return error_set(err, ERROR_DENIED, "'docker-credential-%s %s' failed with status %d%s%s",
			 call->name, call->verb, result->exit_status, *said ? ": " : "", said);
}

/* *ret_found false: the helper has no credentials for this server. */
static int
ask(const struct call *call, struct buf *output, bool *ret_found, struct error **err)
{
	AUTO_BUF struct buf messages = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	struct spawn_result result = { 0 };
	AUTO_ERROR struct error *trouble = NULL;

	if (!name_is_valid(call->name))
		return error_set(
			err, ERROR_USAGE,
			"invalid credential helper '%s': expected letters, digits, '_', '-' or '.'",
			QUOTED(call->name));
	if (run(call, output, &messages, &result, &trouble) < 0)
		return error_set(err, ERROR_DENIED, "'docker-credential-%s': %s", call->name,
				 error_text(trouble));
	*ret_found = true;
	if (result.exit_status == 0 && !result.timed_out)
		return 0;
	/* A helper without credentials for the server prints this and fails. */
	if (result.timed_out || !output->data || !strcasestr(output->data, "credentials not found"))
		return set_failure(call, &result, output->size ? output : &messages, err);
	*ret_found = false;
	return 0;
}

static bool
is_blank(const struct buf *output)
{
	for (size_t i = 0; i < output->size; i++)
		if (!isspace((unsigned char)output->data[i]))
			return false;
	return true;
}

/* NULL: another type than a string. */
static const char *
get_text(const json_t *document, const char *name)
{
	const json_t *value = json_object_get(document, name);

	return value && !json_is_null(value) ? json_string_value(value) : "";
}

/* Many helpers without credentials print "{}", empty fields or nothing. */
static int
parse_answer(const struct buf *output, const char *name, struct credential *ret_credential,
	     bool *ret_found, struct error **err)
{
	AUTO_ERROR struct error *unreadable = NULL;
	AUTO_JSON json_t *document = NULL;
	const char *username = NULL;
	const char *secret = NULL;

	*ret_found = false;
	if (is_blank(output))
		return 0;
	document = document_parse(output->data, output->size, &unreadable);
	if (document) {
		username = get_text(document, "Username");
		secret = get_text(document, "Secret");
	}
	if (username && secret && !*secret)
		return 0;
	if (!username || !*username || !secret)
		return error_set(err, ERROR_DENIED,
				 "'docker-credential-%s' gave no user name and secret", name);
	*ret_found = true;
	*ret_credential = (struct credential){ .is_explicit = true };
	if (strcmp(username, "<token>") == 0) {
		ret_credential->identity_token = xstrdup(secret);
	} else {
		ret_credential->username = xstrdup(username);
		ret_credential->password = xstrdup(secret);
	}
	return 0;
}

int
helper_get(const char *name, const char *server, struct credential *ret_credential, bool *ret_found,
	   struct error **err)
{
	AUTO_SECRET_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	struct call call = { .name = name, .verb = "get", .input = server };
	bool found = false;

	if (ask(&call, &output, &found, err) < 0)
		return -1;
	if (found && parse_answer(&output, name, ret_credential, &found, err) < 0)
		return -1;
	*ret_found = found;
	return 0;
}

static char *
format_entry(const char *server, const struct credential *credential)
{
	AUTO_JSON json_t *entry = json_pack(
		"{s:s, s:s, s:s}", "ServerURL", server, "Username",
		credential->identity_token ? "<token>" : credential->username, "Secret",
		credential->identity_token ? credential->identity_token : credential->password);

	return entry ? json_dumps(entry, JSON_COMPACT) : NULL;
}

int
helper_store(const char *name, const char *server, const struct credential *credential,
	     struct error **err)
{
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	AUTO_SECRET char *entry = format_entry(server, credential);
	struct call call = { .name = name, .verb = "store", .input = entry };
	bool found = false;

	if (!entry)
		return error_set(err, ERROR_USAGE, "invalid user name or password: expected UTF-8");
	return ask(&call, &output, &found, err);
}

int
helper_erase(const char *name, const char *server, bool *ret_found, struct error **err)
{
	AUTO_BUF struct buf output = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	struct call call = { .name = name, .verb = "erase", .input = server };

	return ask(&call, &output, ret_found, err);
}
