/* SPDX-License-Identifier: Apache-2.0 */
#include "http/engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/compat.h"
#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/leftovers.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/watched.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request_private.h"
#include "http/trust.h"

static int
set_up_handles(struct engine *engine, unsigned connections, struct error **err)
{
	engine->share = curl_share_init();
	for (int i = 0; i < POOL_COUNT; i++) {
		CURLM *pool = engine->pools[i] = curl_multi_init();

		if (!engine->share || !pool)
			return error_set(err, ERROR_FAILURE, "cannot initialize libcurl");
		curl_multi_setopt(pool, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
		curl_multi_setopt(pool, CURLMOPT_MAX_HOST_CONNECTIONS,
				  (long)(connections ? connections : CONNECTIONS_LIMIT_COUNT));
	}
	curl_share_setopt(engine->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return 0;
}

static const char *
variable_of(const char *name)
{
	const char *value = environment_find(name);

	return value && *value ? value : NULL;
}

static void
engine_take_options(struct engine *engine, const struct engine_options *options)
{
	const curl_version_info_data *libcurl;
	const char *file;
	const char *directory;

	engine->observer = options->observer;
	/* --tls-ca, else SSL_CERT_FILE and SSL_CERT_DIR as OpenSSL's own tools read them.  Each of
	 * these replaces all authorities, so libcurl's default file or directory is then not used.
	 */
	libcurl = curl_version_info(CURLVERSION_NOW);
	file = options->ca_file ? options->ca_file : variable_of("SSL_CERT_FILE");
	directory = options->ca_file ? NULL : variable_of("SSL_CERT_DIR");
	if (!file && !directory) {
		const char *bundle = libcurl->cainfo ? libcurl->cainfo : trust_find_bundle();

		directory = libcurl->capath ? libcurl->capath : trust_find_directory();
		if (!trust_directory_suffices(bundle, directory))
			file = bundle;
	}
	engine->ca_file = xstrdup_null(file);
	engine->ca_directory = xstrdup_null(directory);
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

struct engine *
engine_new(const struct engine_options *options, struct error **err)
{
	AUTO_ENGINE struct engine *engine = XNEW(struct engine);

	engine_take_options(engine, options);
#ifdef OPENSSL_NO_AUTOLOAD_CONFIG
	/* The static binary's OpenSSL loads no configuration by itself, because the system's was
	 * made for another OpenSSL.  Load the one that the user names. */
	if (environment_find("OPENSSL_CONF"))
		(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
#endif
	/* This initializes the whole process and is never undone: other engines may exist. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		error_set(err, ERROR_FAILURE, "cannot initialize libcurl");
		return NULL;
	}
	if (set_up_handles(engine, options->connections_per_host, err) < 0)
		return NULL;
	/* Used for jitter only, so it need not be unpredictable. */
	if (getentropy(&engine->random_state, sizeof(engine->random_state)) < 0)
		engine->random_state = (uint64_t)deadline_now_ms();
	if (engine->insecure_tls)
		observer_tell(engine->observer, EVENT_NOTICE,
			      "server certificates are not verified");
	return TAKE_PTR(engine);
}

void
engine_free(struct engine *engine)
{
	if (!engine)
		return;
	for (int i = 0; i < POOL_COUNT; i++)
		curl_multi_cleanup(engine->pools[i]);
	curl_share_cleanup(engine->share);
	free(engine->ca_file);
	free(engine->ca_directory);
	free(engine->certificate_file);
	free(engine->key_file);
	free(engine->user_agent);
	strings_release(&engine->plain_http_hosts);
	strings_release(&engine->http1_origins);
	warnings_release(&engine->warnings);
	free(engine);
}

/* Knuth's MMIX generator; its high half is the better one. */
uint32_t
engine_random(struct engine *engine)
{
	engine->random_state = engine->random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(engine->random_state >> 32);
}

unsigned
engine_pending(const struct engine *engine)
{
	return engine->request_count;
}

struct observer *
engine_observer(const struct engine *engine)
{
	return engine->observer;
}

/* When the request's next step is due: its back-off or the engine's deadline. */
static int64_t
due_ms(const struct request *request)
{
	int64_t deadline_ms = request->engine->deadline_ms;

	if (request->state == REQUEST_DUE && request->not_before_ms < deadline_ms)
		return request->not_before_ms;
	return deadline_ms;
}

static struct request *
find_due(const struct engine *engine)
{
	int64_t now_ms = deadline_now_ms();

	for (struct request *request = engine->requests; request; request = request->next) {
		if (due_ms(request) <= now_ms)
			return request;
	}
	return NULL;
}

static int64_t
next_due_ms(const struct engine *engine)
{
	int64_t next_ms = DEADLINE_NEVER;

	for (const struct request *request = engine->requests; request; request = request->next) {
		int64_t this_ms = due_ms(request);

		next_ms = this_ms < next_ms ? this_ms : next_ms;
	}
	return next_ms;
}

static bool
conclude_hops(CURLM *pool)
{
	CURLMsg *message;
	int ignored;
	bool any = false;

	while ((message = curl_multi_info_read(pool, &ignored))) {
		struct request *request = NULL;
		CURLcode result = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		request_conclude_hop(request, result);
		any = true;
	}
	return any;
}

static int
perform(struct engine *engine, struct error **err)
{
	int running;
	CURLMcode result;

	engine->is_in_libcurl = true;
	result = curl_multi_perform(engine->pools[POOL_SHARED], &running);
	if (result == CURLM_OK && engine->large_count > 0)
		result = curl_multi_perform(engine->pools[POOL_LARGE], &running);
	engine->is_in_libcurl = false;
	while (engine->doomed) {
		struct request *request = engine->doomed;

		engine->doomed = request->next;
		request_bury(request);
	}
	if (result != CURLM_OK)
		return error_set(err, ERROR_FAILURE, "libcurl: %s", curl_multi_strerror(result));
	return 0;
}

/* What one step waits for besides the shared pool. */
struct waits {
	struct curl_waitfd fds[FD_SETSIZE + UNPACKERS_LIMIT_COUNT];
	unsigned count;
	int most_ms;
};

static void
wait_for(struct waits *waits, int fd, short events)
{
	waits->fds[waits->count++] = (struct curl_waitfd){ .fd = fd, .events = events };
}

/* libcurl before 8.8 tells a pool's sockets only by fd_set, which leaves out descriptors from
 * FD_SETSIZE on. */
static CURLMcode
wait_for_large(struct engine *engine, struct waits *waits)
{
	static const int unknown_ms = 100; /* libcurl's advice when it names no socket */
	CURLM *pool = engine->pools[POOL_LARGE];
	fd_set readable;
	fd_set writable;
	fd_set exceptional;
	int last = -1;
	long due_ms = -1;
	CURLMcode result;

	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_ZERO(&exceptional);
	result = curl_multi_fdset(pool, &readable, &writable, &exceptional, &last);
	if (result == CURLM_OK)
		result = curl_multi_timeout(pool, &due_ms);
	for (int fd = 0; fd <= last; fd++) {
		int events = (FD_ISSET(fd, &readable) ? CURL_WAIT_POLLIN : 0) |
			     (FD_ISSET(fd, &writable) ? CURL_WAIT_POLLOUT : 0);

		if (events)
			wait_for(waits, fd, (short)events);
	}
	if (last < 0 && (due_ms < 0 || due_ms > unknown_ms))
		due_ms = unknown_ms;
	if (due_ms >= 0 && due_ms < waits->most_ms)
		waits->most_ms = (int)due_ms;
	return result;
}

static int
wait_for_any(struct engine *engine, const struct watched *also, int most_ms, struct error **err)
{
	struct waits waits;
	CURLMcode result = CURLM_OK;

	waits.count = 0;
	waits.most_ms = most_ms;
	for (unsigned i = 0; also && i < also->count; i++)
		wait_for(&waits, also->fds[i], CURL_WAIT_POLLIN);
	if (engine->large_count > 0)
		result = wait_for_large(engine, &waits);
	if (result == CURLM_OK)
		result = curl_multi_poll(engine->pools[POOL_SHARED], waits.fds, waits.count,
					 waits.most_ms, NULL);
	if (result != CURLM_OK)
		return error_set(err, ERROR_FAILURE, "libcurl: %s", curl_multi_strerror(result));
	observer_count(engine->observer, EVENT_STEP, 0);
	return leftovers_check(err);
}

int
engine_step(struct engine *engine, const struct watched *also, int most_ms, struct error **err)
{
	bool any = false;

	/* A step may call back and free any request, so each search starts from the head. */
	for (struct request *request; (request = find_due(engine)); any = true)
		request_advance(request);
	if (perform(engine, err) < 0)
		return -1;
	/* Of two requests that relay a blob, each may have unblocked the other. */
	engine->is_in_libcurl = true;
	for (struct request *request = engine->requests; request; request = request->next)
		any |= hop_continue(request);
	engine->is_in_libcurl = false;
	for (int i = 0; i < POOL_COUNT; i++)
		any |= conclude_hops(engine->pools[i]);
	if (any)
		return 0;
	return wait_for_any(engine, also, deadline_left_ms(next_due_ms(engine), most_ms), err);
}

/* All requests are parked: none is left that could fetch a token and resume them. */
static bool
is_stuck(const struct engine *engine)
{
	for (const struct request *request = engine->requests; request; request = request->next) {
		if (request->state != REQUEST_PARKED)
			return false;
	}
	return true;
}

int
engine_wait(struct engine *engine, struct request *request, struct error **err)
{
	static const int turn_ms = 1000;

	while (!request_has_ended(request)) {
		if (is_stuck(engine))
			return error_set(err, ERROR_FAILURE, "every request waits for credentials");
		if (engine_step(engine, NULL, turn_ms, err) < 0)
			return -1;
	}
	return 0;
}

bool
engine_allows_plain_http(const struct engine *engine, const char *host_and_port)
{
	AUTO_FREE char *url = xasprintf("http://%s/", host_and_port);
	AUTO_FREE char *with_port = NULL;
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (origin_parse(url, &origin, &ignored) < 0)
		return false;
	if (origin_is_loopback(&origin))
		return true;
	with_port = xasprintf("%s:%s", origin.host, origin.port);
	for (size_t i = 0; i < engine->plain_http_hosts.count; i++) {
		const char *named = engine->plain_http_hosts.items[i];

		if (strcasecmp(named, origin.host) == 0 || strcasecmp(named, with_port) == 0)
			return true;
	}
	return false;
}
