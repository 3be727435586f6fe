/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox_init(3) of macOS, with the profiles named in its manual. */
#include "sandbox/confine.h"

#include <stdint.h>
#ifdef HAVE_SANDBOX_H
#include <sandbox.h>
#else
int sandbox_init(const char *profile, uint64_t flags, char **errorbuf);
extern const char kSBXProfileNoInternet[];
extern const char kSBXProfilePureComputation[];
#define SANDBOX_NAMED 0x0001
#endif

#include "base/compat.h"
#include "base/error.h"
#include "base/text.h"

int
confine_files(int tree_fd, struct sandbox *sandbox, struct error **err)
{
	const char *profile = tree_fd < 0 ? kSBXProfilePureComputation : kSBXProfileNoInternet;
	char *message = NULL;

	process_hide_memory();
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
	if (sandbox_init(profile, SANDBOX_NAMED, &message) != 0)
		return error_set(err, ERROR_LOCAL, "cannot enter the sandbox: %s",
				 QUOTED(message ? message : "unknown"));
#pragma clang diagnostic pop
	sandbox->walls = WALLS_SEATBELT;
	return 0;
}

int
confine_system_calls(struct sandbox *sandbox, struct error **err)
{
	(void)sandbox;
	(void)err;
	return 0;
}
