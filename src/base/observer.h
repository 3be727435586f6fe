/* SPDX-License-Identifier: Apache-2.0 */
/* observer.h - what the layers below tell while they work
 *
 * Lower layers never print.  They report events to an observer that was handed to them; the cli
 * turns these into progress, traces, counts for a summary.  A NULL observer hears nothing.
 */
#ifndef OCIFP_BASE_OBSERVER_H
#define OCIFP_BASE_OBSERVER_H

#include <stdint.h>

enum event_kind {
	EVENT_NOTICE,    /* text: something the user should know; may hold quoted remote text */
	EVENT_TRACE,     /* text: a request or a decision, for --verbose; ms: a wait that it is */
	EVENT_REQUEST,   /* one HTTP request was sent; text: method and URL without its query */
	EVENT_RETRY,     /* a request will be sent again; text: why; ms: after how long */
	EVENT_BEGUN,     /* phase: blobs are moved, or a build runs */
	EVENT_ENDED,     /* phase: a build has ended */
	EVENT_PACKED,    /* bytes: so many more went into a new layer, before it is compressed */
	EVENT_EXPECTED,  /* bytes: a blob of this size may have to be moved; text: its digest */
	EVENT_PLANNED,   /* bytes: so many are to be moved of a blob; text: its digest */
	EVENT_MOVED,     /* bytes: so many more have been moved; text: the blob's digest, which has
			  * come to `at_bytes`, or NULL */
	EVENT_FINISHED,  /* a planned blob is complete; text: its digest */
	EVENT_REUSED,    /* bytes: a blob that was there already; text: its digest */
	EVENT_LAYERS,    /* the layers of an image are to be unpacked: forget those told before */
	EVENT_LAYER,     /* bytes: one of them, of this compressed size */
	EVENT_UNPACKING, /* bytes: so many more of one of them have been read */
	EVENT_UNPACKED,  /* bytes: one of them was unpacked; those that were not told of before */
	EVENT_WAITING,   /* text: for what; ms: how long already */
	EVENT_YIELDED,   /* another program writes to the terminal from here on */
	EVENT_STEP,      /* time has passed */
};

enum phase { PHASE_DOWNLOAD, PHASE_UPLOAD, PHASE_COPY, PHASE_BUILD };

struct event {
	enum event_kind kind;
	enum phase phase;
	const char *text; /* valid during the call */
	uint64_t bytes;
	uint64_t at_bytes;
	int64_t ms;
};

struct observer {
	void (*hear)(struct observer *observer, const struct event *event);
};

void observer_tell(struct observer *observer, enum event_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void observer_hear(struct observer *observer, const struct event *event);
void observer_count(struct observer *observer, enum event_kind kind, uint64_t bytes);
void observer_blob(struct observer *observer, enum event_kind kind, const char *digest,
		   uint64_t bytes);
void observer_phase(struct observer *observer, enum event_kind kind, enum phase phase);

/* EVENT_RETRY: "WHY; again in 1.2 s". */
void observer_retry(struct observer *observer, const char *why, int64_t delay_ms);

/* Sleeps for `pause_ms`, and tells each second what is waited for: since `since_ms`. */
void observer_pause(struct observer *observer, const char *what, int64_t since_ms, int pause_ms);

#endif
