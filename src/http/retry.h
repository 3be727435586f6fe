/* retry.h - what is asked again, and how long after
 *
 * Pure functions.  A request has ATTEMPTS_LIMIT_COUNT attempts, made fresh again by
 * PROGRESS_RESET_BYTES of its body, and RECONNECTS_LIMIT_COUNT repeats in all.
 */
#ifndef OCIFP_HTTP_RETRY_H
#define OCIFP_HTTP_RETRY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct retry_tally {
	unsigned attempts;       /* since the start, or since enough progress */
	unsigned repeats;        /* attempts after the first, in all */
	unsigned expiries;       /* refusals of signed URLs, since the attempts were fresh */
	uint64_t progress_bytes; /* of the body, since the attempts were fresh */
};

/* Before an attempt, when bytes of the body came, and when retry_after_status() let a refusal
 * pass. */
void retry_count_attempt(struct retry_tally *tally);
void retry_count_progress(struct retry_tally *tally, uint64_t bytes);
void retry_count_expiry(struct retry_tally *tally);

/* Whether a sending that broke off may be begun anew. */
bool retry_has_attempt(const struct retry_tally *tally);

/* `status` is the whole answer; `left_origin`: of another host, which a redirect named.  Its 401
 * and 403 may mean that the signed URL has expired: once more for that. */
bool retry_after_status(const struct retry_tally *tally, int status, bool left_origin);

/* `curl_code` ended the attempt; a peer that TLS refuses stays refused. */
bool retry_after_failure(const struct retry_tally *tally, int curl_code, bool tls_refused);

/* What the server asks us to wait: Retry-After (RFC 9110, section 10.2.3) in seconds or as a date,
 * or a Go duration in the text of an answer ("retry-after: 1.16676ms").  False: nothing. */
bool retry_parse_header(const char *value, time_t now, int64_t *ret_ms);
bool retry_parse_text(const char *text, int64_t *ret_ms);

/* The pause before the next attempt: doubling from `first_ms` by a fifth more or less, or what the
 * server asked for (`asked_ms`, -1: nothing) and a little more.  -1: longer than anyone waits. */
int64_t retry_delay_ms(const struct retry_tally *tally, int64_t first_ms, int64_t asked_ms,
		       uint32_t random);

#endif
