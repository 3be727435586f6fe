/* warnings.h - what registries want their users to know: distribution-spec, "Warnings"
 *
 * Warning: 299 - "text".  Each text is shown once, and no more than the specification lets a
 * registry send; nothing else comes of it.
 */
#ifndef OCIFP_HTTP_WARNINGS_H
#define OCIFP_HTTP_WARNINGS_H

#include <stddef.h>

#include "base/strings.h"

struct warnings {
	struct strings told;
	size_t size_bytes; /* of these */
};

/* The text of such a header, foreign as it came; NULL: it has another form, was told before, or is
 * beyond the limit.  The caller owns it. */
char *warnings_take(struct warnings *warnings, const char *header);

void warnings_release(struct warnings *warnings);
#define AUTO_WARNINGS CLEANUP(warnings_release)

#endif
