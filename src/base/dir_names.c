/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/strings.h"

/* An errno. */
static int
read_names(DIR *dir, size_t most_count, struct strings *names)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe): `dir` is ours alone */
		if (!entry)
			return errno;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (names->count >= most_count)
			return E2BIG;
		strings_add(names, entry->d_name);
	}
}

int
dir_names(int dir_fd, size_t most_count, struct strings *ret_names)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int errnum;

	if (!dir)
		return -1;
	(void)TAKE_FD(fd);
	errnum = read_names(dir, most_count, &names);
	(void)closedir(dir);
	if (errnum) {
		errno = errnum;
		return -1;
	}
	strings_sort(&names);
	*ret_names = names;
	names = (struct strings){ 0 };
	return 0;
}
