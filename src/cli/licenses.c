#include "cli/licenses.h"

/* Made of COPYING by local.mk. */
const char license_text[] =
#include "cli/license_text.inc"
	;
