/* SPDX-License-Identifier: Apache-2.0 */
/* source_times record TREE STATE FILE [CACHE...]
 * source_times shift TREE STATE FILE NEWEST ci|hand|none [CACHE...] -- [PLACED...]
 * source_times apply TREE STATE FILE NEWEST SHIFT ci|hand|none [CACHE...] -- [PLACED...]
 *
 * What a save records of the sources of a checkout, and what a restore does with it.  `shift`
 * prints nanoseconds; `apply` prints "UNCHANGED CHANGED REMOVED" and why times were left alone. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "cache/sources/source_times.h"
#include "cache/sources/sources.h"

static const struct strings nothing;

static int
record(const struct source_times_request *request, const char *file, struct error **err)
{
	AUTO_SOURCES struct sources sources = { 0 };
	AUTO_BUF struct buf bytes = BUF_INIT(SOURCES_LIMIT_BYTES);

	if (sources_collect(&request->tree, &sources, err) < 0 ||
	    source_times_drop_touched(&request->tree, request->state_directory, &sources, err) <
		    0 ||
	    sources_check_unchanged(&request->tree, &sources, err) < 0 ||
	    sources_encode(&sources, &bytes, err) < 0)
		return -1;
	return file_replace(AT_FDCWD, file, 0600, bytes.data, bytes.size, err);
}

static int
restore(const struct source_times_request *request, bool shifts, const char *file,
	struct error **err)
{
	AUTO_SOURCES struct sources recorded = { 0 };
	AUTO_SOURCES struct sources now = { 0 };
	AUTO_BUF struct buf bytes = BUF_INIT(SOURCES_LIMIT_BYTES);
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };
	int64_t shift_ns;

	if (file_read(AT_FDCWD, file, &bytes, err) < 0 ||
	    sources_decode(bytes.data, bytes.size, &recorded, err) < 0 ||
	    sources_collect(&request->tree, &now, err) < 0)
		return -1;
	if (shifts) {
		if (source_times_shift(request, &recorded, &now, &shift_ns, err) < 0)
			return -1;
		printf("%" PRId64 "\n", shift_ns);
		return 0;
	}
	if (source_times_apply(request, &recorded, &now, &result, err) < 0)
		return -1;
	printf("%zu %zu %zu %s\n", result.unchanged, result.changed, result.removed,
	       result.left_alone ? result.left_alone : "");
	return 0;
}

int
main(int argc, char **argv)
{
	AUTO_STRINGS struct strings caches = { 0 };
	AUTO_STRINGS struct strings placed = { 0 };
	struct strings *list = &caches;
	bool records = argc > 4 && strcmp(argv[1], "record") == 0;
	bool shifts = argc > 6 && strcmp(argv[1], "shift") == 0;
	bool applies = argc > 7 && strcmp(argv[1], "apply") == 0;
	int first = applies ? 8 : shifts ? 7 : 5;
	AUTO_ERROR struct error *err = NULL;
	struct source_times_request request = { .placed = &placed };

	if (!records && !shifts && !applies)
		return 2;
	for (int i = first; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			list = &placed;
		else
			strings_add(list, argv[i]);
	}
	request.tree = (struct sources_request){ .directory = argv[2],
						 .include = &nothing,
						 .exclude = &caches };
	request.state_directory = argv[3];
	if (shifts || applies) {
		request.newest_ns = strtoll(argv[5], NULL, 10);
		request.shift_ns = applies ? strtoll(argv[6], NULL, 10) : 0;
		request.is_ci = strcmp(argv[first - 1], "ci") == 0;
		request.by_hand = strcmp(argv[first - 1], "hand") == 0;
	}
	if ((records ? record(&request, argv[4], &err)
		     : restore(&request, shifts, argv[4], &err)) == 0)
		return 0;
	(void)fprintf(stderr, "%s\n", error_text(err));
	return 1;
}
