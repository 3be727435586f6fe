/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/findings.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"

static void
add_walls(struct findings *findings, const struct sandbox *sandbox)
{
	switch (sandbox->walls) {
	case WALLS_LINUX:
		if (sandbox->landlock_abi > 0)
			findings_add(findings, "landlock", FINDING_OK, "ABI %d",
				     sandbox->landlock_abi);
		else
			findings_add(findings, "landlock", FINDING_NOTE,
				     "is not available: it needs Linux 5.19 with landlock enabled");
		findings_add(findings, "seccomp", sandbox->seccomp ? FINDING_OK : FINDING_NOTE,
			     "%s", sandbox->seccomp ? "stands" : "is not available");
		return;
	case WALLS_CAPSICUM:
		findings_add(findings, "capsicum", FINDING_OK, "stands");
		return;
	case WALLS_SEATBELT:
		findings_add(findings, "sandbox_init", FINDING_OK, "stands");
		return;
	case WALLS_NONE:
		break;
	}
	findings_add(
		findings, "walls", FINDING_NOTE,
		"ocifp-layer reads archives and layers without any: with resource limits and an "
		"empty environment, as the user");
}

/* The sandbox of the program that reads archives and layers. */
static void
add_sandbox(struct findings *findings)
{
	AUTO_ERROR struct error *error = NULL;
	struct sandbox sandbox = { 0 };

	if (helper_find_sandbox(&sandbox, &error) < 0) {
		findings_add(findings, "helper", FINDING_PROBLEM, "%s", error_text(error));
		return;
	}
	findings_add(findings, "helper", FINDING_OK, "starts, with resource limits");
	add_walls(findings, &sandbox);
}

void
doctor_sandbox(struct findings *findings)
{
	findings_begin(findings, "sandbox");
	add_sandbox(findings);
#ifdef HAVE_NAMESPACES
	doctor_namespaces(findings);
#else
	findings_add(findings, "jobs", FINDING_NOTE,
		     "'ocifp run' and 'ocifp shell' need Linux: this build is without them");
#endif
}
