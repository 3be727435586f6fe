/* SPDX-License-Identifier: Apache-2.0 */
/* observer.h - events that the lower layers report while they work
 *
 * Lower layers never print.  They report events to an observer that was given to them; cli/ turns
 * these into progress, traces and the counts of a summary.  A NULL observer ignores events.
 */
#ifndef OCIFP_BASE_OBSERVER_H
#define OCIFP_BASE_OBSERVER_H

#include <stdint.h>

enum event_kind {
	EVENT_NOTICE,  /* text: a notice for the user; may hold quoted remote text */
	EVENT_TRACE,   /* text: a request or a decision, for --verbose; ms: how long a wait takes */
	EVENT_REQUEST, /* one HTTP request was sent; text: method and URL without its query */
	EVENT_RETRY,   /* a request will be sent again; text: why; ms: after how long */
	EVENT_BEGUN,   /* phase: blobs are transferred, or a build runs */
	EVENT_ENDED,   /* phase: a build has ended */
	EVENT_PACKED,  /* bytes: added to a new layer, before compression */
	EVENT_EXPECTED, /* bytes: a blob of this size may have to be moved; text: its digest */
	EVENT_PLANNED,  /* bytes: to be transferred for a blob; text: its digest */
	EVENT_MOVED, /* bytes: transferred; text: the blob's digest, which has reached `at_bytes`,
			or NULL */
	EVENT_FINISHED,  /* a planned blob is complete; text: its digest */
	EVENT_REUSED,    /* bytes: a blob that was there already; text: its digest */
	EVENT_LAYERS,    /* the layers of an image will be unpacked: forget those of before */
	EVENT_LAYER,     /* bytes: the compressed size of one of these layers */
	EVENT_UNPACKING, /* bytes: read of one of these layers */
	EVENT_UNPACKED,  /* bytes: a layer was unpacked: those that were not reported before */
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

/* Sleeps for `pause_ms`, and reports each second what is waited for, since `since_ms`. */
void observer_pause(struct observer *observer, const char *what, int64_t since_ms, int pause_ms);

#endif
