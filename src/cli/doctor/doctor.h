/* SPDX-License-Identifier: Apache-2.0 */
/* doctor.h - the examinations of `doctor`, each a section of its findings */
#ifndef OCIFP_CLI_DOCTOR_DOCTOR_H
#define OCIFP_CLI_DOCTOR_DOCTOR_H

#include "base/strings.h"

struct context;
struct findings;

void doctor_libraries(struct findings *findings);
void doctor_settings(struct findings *findings, struct context *context);
void doctor_store(struct findings *findings, struct context *context);
void doctor_sandbox(struct findings *findings);
void doctor_namespaces(struct findings *findings); /* for doctor_sandbox.c; on Linux */
void doctor_programs(struct findings *findings);

/* `hosts` are of registries, "host[:port]". */
void doctor_credentials(struct findings *findings, struct context *context,
			const struct strings *hosts);
void doctor_registries(struct findings *findings, struct context *context,
		       const struct strings *hosts);

/* The endpoints of the distribution protocol that a repository's registry supports,
 * HOST/NAME[:TAG], in a section of that name.  `is_written`: also those of a push, which leaves
 * nothing behind. */
void doctor_protocol(struct findings *findings, struct context *context, const char *place,
		     bool is_written);

#endif
