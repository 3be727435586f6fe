#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/engine_private.h"
#include "http/origin.h"
#include "http/trust.h"

static const char *
variable_of(const char *name)
{
	const char *value = environment_find(name);

	return value && *value ? value : NULL;
}

/* --tls-ca, else the variables that OpenSSL's own tools read and libcurl does not: each names all
 * that is trusted, so libcurl's default for the other of the two must not stand beside it. */
static void
choose_authorities(struct engine *engine, const char *ca_file)
{
	const curl_version_info_data *libcurl = curl_version_info(CURLVERSION_NOW);
	const char *file = ca_file ? ca_file : variable_of("SSL_CERT_FILE");
	const char *directory = ca_file ? NULL : variable_of("SSL_CERT_DIR");

	if (!file && !directory) {
		const char *bundle = libcurl->cainfo ? libcurl->cainfo : trust_find_bundle();

		directory = libcurl->capath ? libcurl->capath : trust_find_directory();
		if (!trust_directory_suffices(bundle, directory))
			file = bundle;
	}
	engine->ca_file = xstrdup_null(file);
	engine->ca_directory = xstrdup_null(directory);
}

void
engine_take_options(struct engine *engine, const struct engine_options *options)
{
	engine->observer = options->observer;
	choose_authorities(engine, options->ca_file);
	engine->certificate_file = xstrdup_null(options->certificate_file);
	engine->key_file = xstrdup_null(options->key_file);
	engine->user_agent = xstrdup(options->user_agent ? options->user_agent : PACKAGE_NAME);
	engine->insecure_tls = options->insecure_tls;
	engine->deadline_ms = options->deadline_ms ? options->deadline_ms : DEADLINE_NEVER;
	engine->backoff_first_ms =
		options->backoff_first_ms ? options->backoff_first_ms : BACKOFF_FIRST_MS;
	for (const char *const *host = options->plain_http_hosts; host && *host; host++)
		strings_add(&engine->plain_http_hosts, *host);
}

static bool
names_host(const char *named, const struct origin *origin)
{
	AUTO_FREE char *host_and_port = xasprintf("%s:%s", origin->host, origin->port);

	return strcasecmp(named, origin->host) == 0 || strcasecmp(named, host_and_port) == 0;
}

bool
engine_allows_plain_http(const struct engine *engine, const char *host_and_port)
{
	AUTO_FREE char *url = xasprintf("http://%s/", host_and_port);
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (origin_parse(url, &origin, &ignored) < 0)
		return false;
	if (origin_is_loopback(&origin))
		return true;
	for (size_t i = 0; i < engine->plain_http_hosts.count; i++) {
		if (names_host(engine->plain_http_hosts.items[i], &origin))
			return true;
	}
	return false;
}
