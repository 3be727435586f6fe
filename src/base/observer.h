/* observer.h - what the layers below tell while they work
 *
 * Lower layers never print.  They report events to an observer that was handed to them; the cli
 * turns these into progress, traces, counts for a summary.  A NULL observer hears nothing.
 */
#ifndef OCIFP_BASE_OBSERVER_H
#define OCIFP_BASE_OBSERVER_H

#include <stdint.h>

enum event_kind {
	EVENT_NOTICE,   /* text: something the user should know; may hold quoted remote text */
	EVENT_TRACE,    /* text: a request or a decision, for --verbose */
	EVENT_REQUEST,  /* one HTTP request was sent; text: method and URL without its query */
	EVENT_RETRY,    /* a request will be sent again; text: why, and after how long */
	EVENT_PACKED,   /* bytes: so many more went into a new layer, before it is compressed */
	EVENT_PLANNED,  /* bytes: a blob of this size is to be moved */
	EVENT_MOVED,    /* bytes: so many more have been moved */
	EVENT_FINISHED, /* a planned blob is complete; text: its digest */
	EVENT_REUSED,   /* bytes: a blob that was there already; text: its digest */
};

struct event {
	enum event_kind kind;
	const char *text; /* valid during the call */
	uint64_t bytes;
};

struct observer {
	void (*hear)(struct observer *observer, const struct event *event);
};

void observer_tell(struct observer *observer, enum event_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void observer_count(struct observer *observer, enum event_kind kind, uint64_t bytes);
void observer_blob(struct observer *observer, enum event_kind kind, const char *digest,
		   uint64_t bytes);

#endif
