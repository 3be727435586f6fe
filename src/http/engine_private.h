/* engine_private.h - the engine as its requests see it
 *
 * Requests queue themselves; only engine_step() moves them, and never from inside libcurl, so
 * that whatever a callback starts or frees takes effect when libcurl has returned.
 */
#ifndef OCIFP_HTTP_ENGINE_PRIVATE_H
#define OCIFP_HTTP_ENGINE_PRIVATE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/strings.h"
#include "http/engine.h"
#include "http/warnings.h"

struct engine {
	CURLM *multi;
	CURLSH *share;
	struct observer *observer;
	char *ca_file;      /* the authorities that are trusted, in this file */
	char *ca_directory; /* and in this directory; NULL: none */
	char *certificate_file;
	char *key_file;
	char *user_agent;
	bool insecure_tls;
	struct strings plain_http_hosts;
	int64_t deadline_ms; /* DEADLINE_NEVER: none */
	int64_t backoff_first_ms;
	uint64_t random_state;
	struct warnings warnings; /* of all hosts */

	struct request *requests; /* those that have not ended */
	unsigned request_count;
	struct request *doomed; /* freed from inside libcurl, to be freed when it returns */
	bool is_in_libcurl;
};

void engine_take_options(struct engine *engine, const struct engine_options *options);
uint32_t engine_random(struct engine *engine);

#endif
