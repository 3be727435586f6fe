#include "base/observer.h"

#include <stdarg.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

static void
tell(struct observer *observer, const struct event *event)
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
	tell(observer, &(struct event){ .kind = kind, .text = text });
}

void
observer_count(struct observer *observer, enum event_kind kind, uint64_t bytes)
{
	tell(observer, &(struct event){ .kind = kind, .bytes = bytes });
}

void
observer_blob(struct observer *observer, enum event_kind kind, const char *digest, uint64_t bytes)
{
	tell(observer, &(struct event){ .kind = kind, .text = digest, .bytes = bytes });
}
