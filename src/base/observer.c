/* SPDX-License-Identifier: Apache-2.0 */
#include "base/observer.h"

#include <poll.h>
#include <stdarg.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/text.h"
#include "base/xalloc.h"

void
observer_hear(struct observer *observer, const struct event *event)
{
	if (observer)
		observer->hear(observer, event);
}

void
observer_tell(struct observer *observer, enum event_kind kind, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list args;

	if (!observer)
		return;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	observer_hear(observer, &(struct event){ .kind = kind, .text = text });
}

void
observer_count(struct observer *observer, enum event_kind kind, uint64_t bytes)
{
	observer_hear(observer, &(struct event){ .kind = kind, .bytes = bytes });
}

void
observer_blob(struct observer *observer, enum event_kind kind, const char *digest, uint64_t bytes)
{
	observer_hear(observer, &(struct event){ .kind = kind, .text = digest, .bytes = bytes });
}

void
observer_phase(struct observer *observer, enum event_kind kind, enum phase phase)
{
	observer_hear(observer, &(struct event){ .kind = kind, .phase = phase });
}

void
observer_retry(struct observer *observer, const char *why, int64_t delay_ms)
{
	AUTO_FREE char *time =
		delay_ms < 1000 ? xasprintf("%d ms", (int)delay_ms) : text_time(delay_ms);
	AUTO_FREE char *text = xasprintf("%s; again in %s", why, time);

	observer_hear(observer,
		      &(struct event){ .kind = EVENT_RETRY, .text = text, .ms = delay_ms });
}

void
observer_pause(struct observer *observer, const char *what, int64_t since_ms, int pause_ms)
{
	enum { STEP_MS = 1000 };

	while (pause_ms > 0) {
		int step_ms = pause_ms < STEP_MS ? pause_ms : STEP_MS;

		observer_hear(observer, &(struct event){ .kind = EVENT_WAITING,
							 .text = what,
							 .ms = deadline_now_ms() - since_ms });
		(void)poll(NULL, 0, step_ms);
		pause_ms -= step_ms;
	}
}
