/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sandbox/confine.h"

/* landlock(7).  Headers of the systems that we build on lack it, or later parts of it. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define ASK_VERSION 1U
#define RULE_PATH_BENEATH 1
#define USEFUL_ABI 2

#define RIGHT_EXECUTE (UINT64_C(1) << 0)
#define RIGHTS_OF_ABI_2 ((UINT64_C(1) << 14) - 1) /* all up to REFER */
#define RIGHT_TRUNCATE (UINT64_C(1) << 14)        /* ABI 3 */
#define RIGHT_IOCTL (UINT64_C(1) << 15)           /* ABI 5 */
#define NET_RIGHTS UINT64_C(3)                    /* ABI 4: bind and connect TCP */
#define SCOPES UINT64_C(3)                        /* ABI 6: abstract sockets, signals */

struct ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scopes;
};

struct __attribute__((packed)) path_rule {
	uint64_t allowed;
	int32_t parent_fd;
};

static struct ruleset
everything(long abi)
{
	struct ruleset ruleset = { .files = RIGHTS_OF_ABI_2 };

	if (abi >= 3)
		ruleset.files |= RIGHT_TRUNCATE;
	if (abi >= 4)
		ruleset.net = NET_RIGHTS;
	if (abi >= 5)
		ruleset.files |= RIGHT_IOCTL;
	if (abi >= 6)
		ruleset.scopes = SCOPES;
	return ruleset;
}

/* An older kernel takes a later field when it is 0. */
static int
make_ruleset(const struct ruleset *ruleset)
{
	return (int)syscall(SYS_landlock_create_ruleset, ruleset, sizeof(*ruleset), 0);
}

static int
allow_tree(int ruleset_fd, uint64_t rights, int tree_fd)
{
	struct path_rule rule = { .allowed = rights & ~(RIGHT_EXECUTE | RIGHT_IOCTL),
				  .parent_fd = tree_fd };

	return (int)syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH_BENEATH, &rule, 0);
}

int
confine_landlock(int tree_fd, int *ret_abi, struct error **err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	struct ruleset ruleset = everything(abi);
	AUTO_CLOSE int ruleset_fd = -1;

	if (abi < USEFUL_ABI)
		return 0;
	ruleset_fd = make_ruleset(&ruleset);
	if (ruleset_fd < 0 ||
	    (tree_fd >= 0 && allow_tree(ruleset_fd, ruleset.files, tree_fd) < 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0)
		return error_set_errno(err, errno, "cannot confine the helper with landlock");
	*ret_abi = (int)abi;
	return 0;
}
