/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over its corpus, one TAP line a file: what libFuzzer does with `-runs=0`, for
 * compilers that have none.  The corpus of fuzz_X is in $top_srcdir/tests/fuzz/corpus/X. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "base/xalloc.h"
#include "fuzz.h"

#define INPUT_LIMIT_BYTES ((size_t)1 << 20)

static void __attribute__((noreturn)) bail_out(const char *path)
{
	printf("Bail out! %s: %s\n", path, strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
	exit(EXIT_FAILURE);                                  /* NOLINT(concurrency-mt-unsafe) */
}

static char *
corpus_path(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = strstr(slash ? slash : program, "fuzz_");
	const char *source = getenv("top_srcdir"); /* NOLINT(concurrency-mt-unsafe) */

	if (!name)
		bail_out(program);
	return xasprintf("%s/tests/fuzz/corpus/%s", source ? source : ".", name + strlen("fuzz_"));
}

static void
list_files(const char *path, struct strings *names)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory)
		bail_out(path);
	while ((entry = readdir(directory))) /* NOLINT(concurrency-mt-unsafe) */
		if (entry->d_name[0] != '.')
			strings_add(names, entry->d_name);
	(void)closedir(directory);
	strings_sort(names);
}

static void
replay(const char *path)
{
	AUTO_FREE uint8_t *buffer = xcalloc(1, INPUT_LIMIT_BYTES);
	AUTO_FREE uint8_t *input = NULL;
	FILE *file = fopen(path, "re");
	size_t size;

	if (!file)
		bail_out(path);
	size = fread(buffer, 1, INPUT_LIMIT_BYTES, file);
	(void)fclose(file);
	/* Exactly as large as the input, so that a sanitizer sees a read past its end. */
	input = xcalloc(1, size ? size : 1);
	memcpy(input, buffer, size);
	(void)LLVMFuzzerTestOneInput(input, size);
}

int
main(int argc, char **argv)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_FREE char *corpus = argc > 1 ? xstrdup(argv[1]) : corpus_path(argv[0]);

	list_files(corpus, &names);
	printf("1..%zu\n", names.count);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", corpus, names.items[i]);

		replay(path);
		printf("ok %zu - %s\n", i + 1, names.items[i]);
		(void)fflush(stdout);
	}
	return 0;
}
