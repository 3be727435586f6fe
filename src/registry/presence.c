/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/presence.h"

#include <string.h>

static const char *const absence_codes[] = { "MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND" };

const char *
presence_name(enum presence presence)
{
	switch (presence) {
	case PRESENCE_PRESENT:
		return "present";
	case PRESENCE_ABSENT:
		return "absent";
	case PRESENCE_UNKNOWN:
		break;
	}
	return "unknown";
}

void
evidence_release(struct evidence *evidence)
{
	free(evidence->code);
	free(evidence->message);
	free(evidence->accept);
	free(evidence->request_id);
	free(evidence->first_answer);
	*evidence = (struct evidence){ 0 };
}

bool
presence_code_is_absence(const char *code)
{
	for (size_t i = 0; i < COUNT_OF(absence_codes); i++)
		if (strcmp(code, absence_codes[i]) == 0)
			return true;
	return false;
}

enum absence_proof
presence_judge_404(const struct evidence *evidence)
{
	if (evidence->http_status != 404 || evidence->is_page || evidence->is_elsewhere)
		return ABSENCE_NOT_PROVEN;
	if (evidence->challenged && !evidence->authorized)
		return ABSENCE_NOT_PROVEN;
	/* ghcr.io: "OCI index found, but Accept header does not support OCI indexes". */
	if (evidence->message && strcasestr(evidence->message, "accept"))
		return ABSENCE_NOT_PROVEN;
	if (!evidence->code)
		return ABSENCE_NEEDS_CONFIRMATION;
	return presence_code_is_absence(evidence->code) ? ABSENCE_PROVEN : ABSENCE_NOT_PROVEN;
}
