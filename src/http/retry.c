/* SPDX-License-Identifier: Apache-2.0 */
#include "http/retry.h"

#include <curl/curl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

#define LOOKUPS_LIMIT_COUNT 2   /* a missing name rarely appears within seconds */
#define REFUSALS_LIMIT_COUNT 3  /* by this machine: half a second, then one */
#define DURATION_LIMIT_CHARS 64 /* Go's longest has 24 */
#define EXPIRIES_LIMIT_COUNT 1  /* a second refusal is not an expired URL */
#define LOAD_ANSWERS_COUNT 16   /* then half of each kind is forgotten */
#define FIRST_SPAN_PART 6
#define AGE_LIMIT_COUNT 20 /* of put-offs: the span is then a third as long */

void
retry_count_attempt(struct retry_tally *tally)
{
	if (tally->attempts > 0)
		tally->repeats++;
	if (tally->progress_bytes >= PROGRESS_RESET_BYTES) {
		tally->attempts = 0;
		tally->expiries = 0;
		tally->progress_bytes = 0;
	}
	tally->attempts++;
}

void
retry_count_progress(struct retry_tally *tally, uint64_t bytes)
{
	tally->progress_bytes += bytes;
}

void
retry_count_expiry(struct retry_tally *tally)
{
	tally->expiries++;
}

static bool
may_repeat(const struct retry_tally *tally, unsigned attempts_limit)
{
	if (tally->repeats >= RECONNECTS_LIMIT_COUNT)
		return false;
	return tally->attempts < attempts_limit || tally->progress_bytes >= PROGRESS_RESET_BYTES;
}

bool
retry_has_attempt(const struct retry_tally *tally)
{
	return may_repeat(tally, ATTEMPTS_LIMIT_COUNT);
}

bool
retry_after_status(const struct retry_tally *tally, int status, bool left_origin)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
	case 499:
	case 500:
	case 502:
	case 503:
	case 504:
	case 522:
		return may_repeat(tally, ATTEMPTS_LIMIT_COUNT);
	case 401:
	case 403:
		return left_origin && tally->expiries < EXPIRIES_LIMIT_COUNT &&
		       may_repeat(tally, ATTEMPTS_LIMIT_COUNT);
	default:
		return false;
	}
}

bool
retry_after_failure(const struct retry_tally *tally, int curl_code, bool tls_refused,
		    bool nobody_listens)
{
	if (tls_refused)
		return false;
	switch (curl_code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return may_repeat(tally, LOOKUPS_LIMIT_COUNT);
	case CURLE_COULDNT_CONNECT:
		return may_repeat(tally,
				  nobody_listens ? REFUSALS_LIMIT_COUNT : ATTEMPTS_LIMIT_COUNT);
	case CURLE_HTTP2:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2_STREAM:
		return may_repeat(tally, ATTEMPTS_LIMIT_COUNT);
	default:
		return false;
	}
}

bool
retry_parse_header(const char *value, time_t now, int64_t *ret_ms)
{
	uint64_t seconds;
	time_t date;

	if (text_parse_uint(value, INT32_MAX, &seconds)) {
		*ret_ms = (int64_t)seconds * 1000;
		return true;
	}
	if (text_parse_duration_ms(value, ret_ms))
		return true;
	date = curl_getdate(value, NULL);
	if (date == (time_t)-1)
		return false;
	*ret_ms = date > now ? (int64_t)(date - now) * 1000 : 0;
	return true;
}

/* The sign for micro, U+00B5 or U+03BC, in UTF-8 or as JSON escapes it; 0: another text. */
static size_t
micro_size(const char *text)
{
	static const char *const spellings[] = { "\xc2\xb5", "\xce\xbc", "\\u00b5", "\\u03bc" };

	for (size_t i = 0; i < COUNT_OF(spellings); i++)
		if (strncasecmp(text, spellings[i], strlen(spellings[i])) == 0)
			return strlen(spellings[i]);
	return 0;
}

/* The leading characters that can be a duration, with 'u' for micro. */
static char *
copy_duration(const char *text)
{
	AUTO_FREE char *copy = xcalloc(1, DURATION_LIMIT_CHARS + 1);

	for (size_t size = 0; size < DURATION_LIMIT_CHARS; size++) {
		size_t micro = micro_size(text);

		if (micro == 0 && (!*text || !strchr("0123456789.hmsun", *text)))
			break;
		copy[size] = micro ? 'u' : *text;
		text += micro ? micro : 1;
	}
	return TAKE_PTR(copy);
}

bool
retry_parse_text(const char *text, int64_t *ret_ms)
{
	static const char mark[] = "retry-after:";
	const char *at = strcasestr(text, mark);
	AUTO_FREE char *duration = NULL;
	size_t size;

	if (!at)
		return false;
	at += strlen(mark);
	duration = copy_duration(at + strspn(at, " "));
	size = strlen(duration);
	if (size > 0 && duration[size - 1] == '.') /* the end of a sentence */
		duration[size - 1] = '\0';
	return text_parse_duration_ms(duration, ret_ms);
}

/* BACKOFF_LIMIT_MS; in tests, which wait less at first, less. */
static int64_t
limit_ms(int64_t first_ms)
{
	return first_ms * (BACKOFF_LIMIT_MS / BACKOFF_FIRST_MS);
}

static int64_t
doubled_ms(unsigned attempts, int64_t first_ms)
{
	int64_t delay_ms = first_ms;

	for (unsigned i = 1; i < attempts && delay_ms < limit_ms(first_ms); i++)
		delay_ms *= 2;
	return delay_ms < limit_ms(first_ms) ? delay_ms : limit_ms(first_ms);
}

static int64_t
asked_and_more_ms(int64_t asked_ms, int64_t span_ms, uint32_t random)
{
	if (asked_ms > RETRY_AFTER_LIMIT_MS)
		return -1;
	if (span_ms < asked_ms / 2)
		span_ms = asked_ms / 2;
	return asked_ms + (int64_t)(random % (uint64_t)(span_ms + 1));
}

int64_t
retry_delay_ms(const struct retry_tally *tally, int64_t first_ms, int64_t asked_ms, uint32_t random)
{
	bool is_fresh = tally->progress_bytes >= PROGRESS_RESET_BYTES;
	int64_t delay_ms = doubled_ms(is_fresh ? 1 : tally->attempts, first_ms);

	if (asked_ms >= 0)
		return asked_and_more_ms(asked_ms, delay_ms, random);
	return delay_ms - delay_ms / 2 + (int64_t)(random % (uint64_t)(delay_ms + 1));
}

bool
retry_is_put_off(int status, int64_t asked_ms)
{
	return (status == 429 || status == 503) && asked_ms >= 0;
}

static void
count_answer(struct retry_load *load, unsigned *kind)
{
	if (load->served + load->put_off >= LOAD_ANSWERS_COUNT) {
		load->served /= 2;
		load->put_off /= 2;
	}
	++*kind;
}

void
retry_count_served(struct retry_load *load)
{
	count_answer(load, &load->served);
}

/* ghcr.io names microseconds: where the limit is barely met, soon is late enough.  Later, fewer and
 * fewer jobs of a fleet are left: they come the sooner, so that the registry hears about as much
 * from them as from all at first. */
static int64_t
aged_ms(int64_t span_ms, unsigned put_offs)
{
	unsigned age = put_offs < AGE_LIMIT_COUNT ? put_offs : AGE_LIMIT_COUNT;

	if (put_offs == 0)
		return span_ms / FIRST_SPAN_PART;
	return span_ms - 2 * span_ms * (age - 1) / (3 * (AGE_LIMIT_COUNT - 1));
}

int64_t
retry_put_off_ms(struct retry_tally *tally, struct retry_load *load, int64_t first_ms,
		 int64_t asked_ms, uint32_t random)
{
	int64_t span_ms;
	int64_t delay_ms;

	count_answer(load, &load->put_off);
	span_ms = limit_ms(first_ms) * load->put_off / (load->put_off + load->served);
	span_ms = aged_ms(span_ms, tally->put_offs);
	delay_ms = asked_and_more_ms(asked_ms, span_ms, random);
	if (delay_ms < 0 || tally->put_off_ms + delay_ms > PUT_OFF_LIMIT_MS)
		return -1;
	tally->put_offs++;
	tally->put_off_ms += delay_ms;
	if (tally->attempts > 0)
		tally->attempts--;
	if (tally->repeats > 0)
		tally->repeats--;
	return delay_ms;
}
