/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/confine.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/limits.h"

/* A sanitizer maps terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

struct resource_limit {
	int resource;
	rlim_t most;
	bool may_fail; /* macOS refuses one below what is mapped already */
};

static const struct resource_limit process_limits[] = {
	{ RLIMIT_CORE, 0, false },
	{ RLIMIT_NOFILE, CHILD_FILES_LIMIT_COUNT, false },
	{ RLIMIT_CPU, CHILD_CPU_LIMIT_S, false },
	{ RLIMIT_AS, IS_SANITIZED ? RLIM_INFINITY : CHILD_MEMORY_LIMIT_BYTES, true },
};

/* A lower limit that was set before stays. */
static int
set_limit(const struct resource_limit *limit, struct error **err)
{
	struct rlimit now;

	if (getrlimit(limit->resource, &now) < 0)
		return error_set_errno(err, errno, "cannot read a resource limit");
	if (now.rlim_max > limit->most)
		now.rlim_max = limit->most;
	if (now.rlim_cur > now.rlim_max)
		now.rlim_cur = now.rlim_max;
	if (setrlimit(limit->resource, &now) < 0 && !(limit->may_fail && errno == EINVAL))
		return error_set_errno(err, errno, "cannot set a resource limit");
	return 0;
}

int
confine_process(int tree_fd, struct sandbox *sandbox, struct error **err)
{
	for (size_t i = 0; i < COUNT_OF(process_limits); i++)
		if (set_limit(&process_limits[i], err) < 0)
			return -1;
	sandbox->limits = true;
	return confine_files(tree_fd, sandbox, err);
}

int
confine_calls(struct sandbox *sandbox, struct error **err)
{
	static const struct resource_limit no_processes = { RLIMIT_NPROC, 0, false };

	if (set_limit(&no_processes, err) < 0)
		return -1;
	return confine_system_calls(sandbox, err);
}
