/* SPDX-License-Identifier: Apache-2.0 */
#include "base/leftovers.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "base/xalloc.h"

static const int endings[] = { SIGHUP, SIGINT, SIGTERM };
enum { ENDINGS_COUNT = COUNT_OF(endings) };

/* Changed only while these signals are blocked. */
static struct {
	char **paths;
	size_t count;
	bool is_watched[ENDINGS_COUNT];
} leftovers;

static volatile sig_atomic_t noted; /* 0: none */

static struct {
	unsigned count;
	struct sigaction before[ENDINGS_COUNT];
} holds;

/* Only async-signal-safe calls: signal-safety(7). */
static void
remove_all_and_die(int number)
{
	for (size_t i = leftovers.count; i-- > 0;)
		if (unlink(leftovers.paths[i]) < 0)
			(void)rmdir(leftovers.paths[i]);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void
block(sigset_t *before)
{
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < ENDINGS_COUNT; i++)
		sigaddset(&signals, endings[i]);
	(void)pthread_sigmask(SIG_BLOCK, &signals, before);
}

/* A signal that is ignored or handled elsewhere is left so. */
static void
watch(void)
{
	for (size_t i = 0; i < ENDINGS_COUNT; i++) {
		struct sigaction action = { .sa_handler = remove_all_and_die };
		struct sigaction before;

		if (leftovers.is_watched[i] || sigaction(endings[i], NULL, &before) < 0 ||
		    before.sa_handler != SIG_DFL)
			continue;
		leftovers.is_watched[i] = sigaction(endings[i], &action, NULL) == 0;
	}
}

static void
unwatch(void)
{
	static const struct sigaction dying = { .sa_handler = SIG_DFL };

	for (size_t i = 0; i < ENDINGS_COUNT; i++)
		if (leftovers.is_watched[i] && holds.count > 0)
			holds.before[i] = dying;
		else if (leftovers.is_watched[i])
			(void)sigaction(endings[i], &dying, NULL);
	memset(leftovers.is_watched, 0, sizeof(leftovers.is_watched));
}

void
leftovers_add(const char *path)
{
	sigset_t before;

	block(&before);
	leftovers.paths = xgrow(leftovers.paths, leftovers.count, sizeof(*leftovers.paths));
	leftovers.paths[leftovers.count++] = xstrdup(path);
	watch();
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
leftovers_forget(const char *path)
{
	size_t kept = 0;
	sigset_t before;

	block(&before);
	for (size_t i = 0; i < leftovers.count; i++) {
		if (path_is_below(leftovers.paths[i], path))
			free(leftovers.paths[i]);
		else
			leftovers.paths[kept++] = leftovers.paths[i];
	}
	leftovers.count = kept;
	if (kept == 0) {
		free(leftovers.paths);
		leftovers.paths = NULL;
		unwatch();
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
note(int number)
{
	noted = number;
}

void
leftovers_hold(void)
{
	struct sigaction action = { .sa_handler = note, .sa_flags = (int)SA_RESETHAND };

	if (holds.count++ > 0)
		return;
	for (size_t i = 0; i < ENDINGS_COUNT; i++)
		if (sigaction(endings[i], NULL, &holds.before[i]) == 0 &&
		    holds.before[i].sa_handler != SIG_IGN)
			(void)sigaction(endings[i], &action, NULL);
}

void
leftovers_let_go(void)
{
	if (--holds.count > 0)
		return;
	for (size_t i = 0; i < ENDINGS_COUNT; i++)
		(void)sigaction(endings[i], &holds.before[i], NULL);
	if (noted)
		(void)raise((int)noted);
	noted = 0;
}

int
leftovers_check(struct error **err)
{
	if (!noted)
		return 0;
	error_set(err, ERROR_FAILURE, "ocifp received signal %d", (int)noted);
	return error_set_class(err, CLASS_SIGNAL);
}
