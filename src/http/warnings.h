/* SPDX-License-Identifier: Apache-2.0 */
/* warnings.h - the Warning header of registries (distribution-spec, "Warnings")
 *
 * Warning: 299 - "text".  Each text is shown once, up to the size that the specification allows.
 */
#ifndef OCIFP_HTTP_WARNINGS_H
#define OCIFP_HTTP_WARNINGS_H

#include <stddef.h>

#include "base/strings.h"

struct warnings {
	struct strings told;
	size_t size_bytes; /* of all texts */
};

/* The text of a Warning header, unquoted; NULL: another form, already shown, or past the limit. The
 * caller owns it. */
char *warnings_take(struct warnings *warnings, const char *header);

void warnings_release(struct warnings *warnings);
#define AUTO_WARNINGS CLEANUP(warnings_release)

#endif
