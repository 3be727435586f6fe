/* SPDX-License-Identifier: Apache-2.0 */
/* retry.h - which failures are retried, and after which delay
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

/* Call these before an attempt, for received bytes of the body, and when a 401 or 403 is retried
 * because retry_after_status() allowed it. */
void retry_count_attempt(struct retry_tally *tally);
void retry_count_progress(struct retry_tally *tally, uint64_t bytes);
void retry_count_expiry(struct retry_tally *tally);

/* Whether the limits allow another attempt. */
bool retry_has_attempt(const struct retry_tally *tally);

/* `left_origin`: the answer is from another host, after a redirect.  A 401 or 403 there may mean
 * that the signed URL has expired, so it is retried once. */
bool retry_after_status(const struct retry_tally *tally, int status, bool left_origin);

/* `curl_code` ended the attempt.  A TLS refusal is never retried; `nobody_listens`, on this
 * machine, is soon believed: a registry that was just started needs a second. */
bool retry_after_failure(const struct retry_tally *tally, int curl_code, bool tls_refused,
			 bool nobody_listens);

/* The delay that the server asks for: Retry-After (RFC 9110, section 10.2.3) in seconds or as a
 * date, or a Go duration in the text of an answer ("retry-after: 1.16676ms").  False: none. */
bool retry_parse_header(const char *value, time_t now, int64_t *ret_ms);
bool retry_parse_text(const char *text, int64_t *ret_ms);

/* The delay before the next attempt: `first_ms`, doubled for each attempt, plus or minus a fifth;
 * or the server's `asked_ms` (-1: none) plus jitter.  -1: more than RETRY_AFTER_LIMIT_MS. */
int64_t retry_delay_ms(const struct retry_tally *tally, int64_t first_ms, int64_t asked_ms,
		       uint32_t random);

#endif
