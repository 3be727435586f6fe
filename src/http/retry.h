/* SPDX-License-Identifier: Apache-2.0 */
/* retry.h - which failures are retried, and after which delay
 *
 * Pure functions.  A request has ATTEMPTS_LIMIT_COUNT attempts, made fresh again by
 * PROGRESS_RESET_BYTES of its body, and RECONNECTS_LIMIT_COUNT repeats in all.
 *
 * A server that too many ask at once puts requests off: 429 or 503 and a wait.  That is not a
 * failed attempt.  The wait may be one of microseconds, and many clients hear the same one in the
 * same moment, so each comes again at a random time of a span: the larger the share of this
 * process's answers that put it off, the longer.  Jobs that together need five times what a
 * registry allows in a minute then end within 5 minutes and 15 %, without waves: tests/bench/fleet.
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
	unsigned put_offs;
	int64_t put_off_ms; /* in all */
};

/* The answers of a process, as a load that it meets; older ones count less. */
struct retry_load {
	unsigned served;
	unsigned put_off;
};

void retry_count_served(struct retry_load *load);

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

/* The delay before the next attempt: `first_ms`, doubled for each attempt, plus or minus a half; or
 * the server's `asked_ms` (-1: none) and up to that delay, or half of what it asked, more.  -1:
 * more than RETRY_AFTER_LIMIT_MS. */
int64_t retry_delay_ms(const struct retry_tally *tally, int64_t first_ms, int64_t asked_ms,
		       uint32_t random);

/* Whether the answer puts the request off. */
bool retry_is_put_off(int status, int64_t asked_ms);

/* The delay of a request that is put off, which does not count as an attempt.  -1: more than
 * RETRY_AFTER_LIMIT_MS, or all its delays are more than PUT_OFF_LIMIT_MS. */
int64_t retry_put_off_ms(struct retry_tally *tally, struct retry_load *load, int64_t first_ms,
			 int64_t asked_ms, uint32_t random);

#endif
