/* SPDX-License-Identifier: Apache-2.0 */
/* findings.h - what `doctor` found, for a person and for a program
 *
 *     sandbox:
 *       landlock        ok       ABI 6
 *
 *     {"sandbox": {"landlock": {"state": "ok", "text": "ABI 6"}}}
 */
#ifndef OCIFP_CLI_DOCTOR_FINDINGS_H
#define OCIFP_CLI_DOCTOR_FINDINGS_H

#include <jansson.h>

enum finding {
	FINDING_OK,
	FINDING_NOTE,    /* worth knowing */
	FINDING_PROBLEM, /* something will not work */
};

struct findings;

struct findings *findings_new(void);

/* What is added goes to the section begun last.  The text may be foreign.  A name that is there
 * already is "name_2" in the object. */
void findings_begin(struct findings *findings, const char *section);
void findings_add(struct findings *findings, const char *name, enum finding finding,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

const char *findings_text(const struct findings *findings);
json_t *findings_object(const struct findings *findings); /* a new reference */
void findings_free(struct findings *findings);

#endif
