/* SPDX-License-Identifier: Apache-2.0 */
/* racer DIRECTORY CANARY: exchanges the directories of the tree that is being made in DIRECTORY's
 * .out.ocifp/fs with links to CANARY and what is in it, until SIGTERM; then says how often. */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
#endif

static volatile sig_atomic_t is_over;

static void
end(int number)
{
	(void)number;
	is_over = 1;
}

static bool
exchange(int fd, const char *name)
{
	return renameat2(fd, name, fd, ".racing", RENAME_EXCHANGE) == 0;
}

/* For a moment the link is where the directory was.  Nothing in the canary has such a name, so that
 * a link which stays does not lead us there ourselves. */
static unsigned long
race(int fd, const char *canary)
{
	static const char *const names[] = { "a", "a/b", "a/b/c", "sub" };
	unsigned long count = 0;

	(void)symlinkat(canary, fd, ".racing");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (exchange(fd, names[i])) {
			(void)exchange(fd, names[i]);
			count++;
		}
	return count;
}

int
main(int argc, char **argv)
{
	unsigned long count = 0;
	char path[4096];

	if (argc != 3)
		return 2;
	(void)snprintf(path, sizeof(path), "%s/.out.ocifp/fs", argv[1]);
	(void)signal(SIGTERM, end);
	while (!is_over) {
		int fd = open(path, O_RDONLY | O_DIRECTORY);

		for (int round = 0; fd >= 0 && !is_over && round < 100; round++)
			count += race(fd, argv[2]);
		if (fd >= 0)
			close(fd);
	}
	printf("%lu\n", count);
	return 0;
}
