#include "http/engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>

#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/watched.h"
#include "base/xalloc.h"
#include "http/engine_private.h"
#include "http/request_private.h"

/* libcurl's own set-up is for the whole process and is not undone: other engines may live. */
/* An OpenSSL that loads no configuration by itself, as the static binary's: the one that the user
 * names, and none of a system that it was not built for. */
static void
load_named_openssl_configuration(void)
{
#ifdef OPENSSL_NO_AUTOLOAD_CONFIG
	if (environment_find("OPENSSL_CONF"))
		(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
#endif
}

static int
set_up_libcurl(struct error **err)
{
	load_named_openssl_configuration();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ERROR_FAILURE, "cannot set up libcurl");
	return 0;
}

static int
set_up_handles(struct engine *engine, unsigned connections, struct error **err)
{
	engine->multi = curl_multi_init();
	engine->share = curl_share_init();
	if (!engine->multi || !engine->share)
		return error_set(err, ERROR_FAILURE, "cannot set up libcurl");
	curl_share_setopt(engine->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(engine->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(engine->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
			  (long)(connections ? connections : CONNECTIONS_LIMIT_COUNT));
	return 0;
}

struct engine *
engine_new(const struct engine_options *options, struct error **err)
{
	AUTO_ENGINE struct engine *engine = XNEW(struct engine);

	engine_take_options(engine, options);
	if (set_up_libcurl(err) < 0 ||
	    set_up_handles(engine, options->connections_per_host, err) < 0)
		return NULL;
	/* Only for jitter: anything but the same everywhere will do. */
	if (getrandom(&engine->random_state, sizeof(engine->random_state), GRND_NONBLOCK) < 0)
		engine->random_state = (uint64_t)deadline_now_ms();
	if (engine->insecure_tls)
		observer_tell(engine->observer, EVENT_NOTICE,
			      "the certificates of servers are not verified");
	return TAKE_PTR(engine);
}

void
engine_free(struct engine *engine)
{
	if (!engine)
		return;
	curl_multi_cleanup(engine->multi);
	curl_share_cleanup(engine->share);
	free(engine->ca_file);
	free(engine->ca_directory);
	free(engine->certificate_file);
	free(engine->key_file);
	free(engine->user_agent);
	strings_release(&engine->plain_http_hosts);
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

/* When engine_step() must look at it again; DEADLINE_NEVER: something else will tell. */
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

/* Steps call back, and what is called back may free any request: each time from the start. */
static bool
advance_due(struct engine *engine)
{
	struct request *request;
	bool any = false;

	while ((request = find_due(engine))) {
		request_advance(request);
		any = true;
	}
	return any;
}

static bool
conclude_hops(struct engine *engine)
{
	CURLMsg *message;
	int ignored;
	bool any = false;

	while ((message = curl_multi_info_read(engine->multi, &ignored))) {
		struct request *request = NULL;
		CURLcode result = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		request_conclude_hop(request, result);
		any = true;
	}
	return any;
}

/* Which of two requests that feed each other has to wait changes while they are performed. */
static bool
go_on_with_paused(struct engine *engine)
{
	bool any = false;

	engine->is_in_libcurl = true;
	for (struct request *request = engine->requests; request; request = request->next)
		any |= request_go_on(request);
	engine->is_in_libcurl = false;
	return any;
}

static int
perform(struct engine *engine, struct error **err)
{
	int running;
	CURLMcode result;

	engine->is_in_libcurl = true;
	result = curl_multi_perform(engine->multi, &running);
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

static int
wait_for_any(struct engine *engine, const struct watched *also, int most_ms, struct error **err)
{
	struct curl_waitfd waits[sizeof(also->fds) / sizeof(also->fds[0])];
	unsigned count = 0;
	CURLMcode result;

	for (; also && count < also->count; count++)
		waits[count] = (struct curl_waitfd){
			.fd = also->fds[count],
			.events = CURL_WAIT_POLLIN,
		};
	result = curl_multi_poll(engine->multi, waits, count, most_ms, NULL);
	if (result != CURLM_OK)
		return error_set(err, ERROR_FAILURE, "libcurl: %s", curl_multi_strerror(result));
	return 0;
}

int
engine_step(struct engine *engine, const struct watched *also, int most_ms, struct error **err)
{
	bool any = advance_due(engine);

	if (perform(engine, err) < 0)
		return -1;
	if (go_on_with_paused(engine) || conclude_hops(engine) || any)
		return 0;
	return wait_for_any(engine, also, deadline_left_ms(next_due_ms(engine), most_ms), err);
}

/* All parked, and nobody left who could resume them. */
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
			return error_set(err, ERROR_FAILURE,
					 "requests wait for credentials that nobody gets");
		if (engine_step(engine, NULL, turn_ms, err) < 0)
			return -1;
	}
	return 0;
}
