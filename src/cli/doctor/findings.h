/* SPDX-License-Identifier: Apache-2.0 */
/* findings.h - the findings of `doctor`, for people and programs
 *
 *     sandbox:
 *       landlock        ok       ABI 6
 *
 *     {"sandbox": {"landlock": {"state": "ok", "text": "ABI 6"}}}
 */
#ifndef OCIFP_CLI_DOCTOR_FINDINGS_H
#define OCIFP_CLI_DOCTOR_FINDINGS_H

#include <jansson.h>

#include "cli/output/page.h"

enum finding {
	FINDING_OK,
	FINDING_NOTE,    /* worth knowing */
	FINDING_PROBLEM, /* something will not work */
};

struct findings {
	struct page page;
	json_t *object;  /* a new one at first */
	json_t *section; /* borrowed from the object */
};

/* Adds to the section that was begun last.  The text may be foreign.  A repeated name becomes
 * "name_2" in the object. */
void findings_begin(struct findings *findings, const char *section);
void findings_add(struct findings *findings, const char *name, enum finding finding,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

void findings_release(struct findings *findings);

#endif
