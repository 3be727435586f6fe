/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/id_map.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"

static void
add_range(struct id_ranges *ranges, uint32_t outside, uint32_t count)
{
	uint32_t inside = 0;

	if (ranges->count > 0)
		inside = ranges->items[ranges->count - 1].inside +
			 ranges->items[ranges->count - 1].count;
	if (ranges->count == ID_RANGES_LIMIT_COUNT || count > UINT32_MAX - 1 - inside)
		return;
	ranges->items[ranges->count++] = (struct id_range){ inside, outside, count };
}

/* "name:first:count", where the name may be a user number; lines of other users are skipped. */
static void
read_line(char *line, const char *user, uid_t uid, struct id_ranges *ranges)
{
	AUTO_FREE char *number = xasprintf("%" PRIu32, (uint32_t)uid);
	const char *name = strsep(&line, ":");
	const char *first = line ? strsep(&line, ":") : NULL;
	uint64_t outside;
	uint64_t count;

	if ((!user || strcmp(name, user) != 0) && strcmp(name, number) != 0)
		return;
	if (first && line && text_parse_uint(first, UINT32_MAX - 1, &outside) &&
	    text_parse_uint(line, UINT32_MAX - outside, &count) && count > 0)
		add_range(ranges, (uint32_t)outside, (uint32_t)count);
}

int
id_ranges_read(const char *file, const char *user, uid_t uid, struct id_ranges *ranges,
	       struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(ID_FILE_LIMIT_BYTES);
	bool found = false;
	char *rest;
	char *line;

	if (file_find(AT_FDCWD, file, &buf, &found, err) < 0)
		return -1;
	rest = buf.data;
	while ((line = strsep(&rest, "\n")))
		read_line(line, user, uid, ranges);
	return 0;
}

static bool
is_program(const char *name)
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin" };

	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", folders[i], name);

		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* Reads the ids of the user namespace that we are in: lines of "INSIDE OUTSIDE COUNT", in any
 * order. Without /proc all ids are assumed to exist. */
static bool
namespace_has(const char *file, uint32_t first, uint32_t count)
{
	AUTO_BUF struct buf buf = BUF_INIT(ID_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	uint64_t next = first;
	uint64_t before;
	uint64_t inside;
	uint64_t outside;
	uint64_t mapped;

	if (file_read(AT_FDCWD, file, &buf, &ignored) < 0 || buf.size == 0)
		return true;
	/* One range may be on several lines. */
	do {
		before = next;
		for (const char *line = buf.data; line;
		     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
			if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside,
				   &mapped) == 3 &&
			    next >= inside && next < inside + mapped)
				next = inside + mapped;
	} while (next != before && next < (uint64_t)first + count);
	return next >= (uint64_t)first + count;
}

static bool
namespace_has_ranges(const char *file, const struct id_ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (!namespace_has(file, ranges->items[i].outside, ranges->items[i].count))
			return false;
	return true;
}

/* If uid 0 is root of only a few ids, a line for "root" in /etc/subuid does not mean this user. */
static bool
can_map(const struct id_map *map)
{
#ifndef HAVE_NAMESPACES
	return false;
#endif
	return geteuid() != 0 && map->uids.count > 1 && map->gids.count > 1 &&
	       namespace_has_ranges("/proc/self/uid_map", &map->uids) &&
	       namespace_has_ranges("/proc/self/gid_map", &map->gids) && is_program("newuidmap") &&
	       is_program("newgidmap");
}

int
id_map_choose(struct id_map *ret_map, struct error **err)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the one thread that starts helpers */
	const struct passwd *entry = getpwuid(geteuid());
	const char *user = entry ? entry->pw_name : NULL;
	struct id_map map = { .kind = ID_MAP_OWN };

	/* In a user namespace, uid 0 may be root of few ids, or of one. */
	if (geteuid() == 0 && namespace_has("/proc/self/uid_map", 0, ID_MAP_ALL_COUNT) &&
	    namespace_has("/proc/self/gid_map", 0, ID_MAP_ALL_COUNT)) {
		*ret_map = (struct id_map){ .kind = ID_MAP_HOST };
		return 0;
	}
	add_range(&map.uids, geteuid(), 1);
	add_range(&map.gids, getegid(), 1);
	if (id_ranges_read("/etc/subuid", user, geteuid(), &map.uids, err) < 0 ||
	    id_ranges_read("/etc/subgid", user, geteuid(), &map.gids, err) < 0)
		return -1;
	if (can_map(&map))
		map.kind = ID_MAP_RANGES;
	else
		map = (struct id_map){ .kind = ID_MAP_OWN };
	*ret_map = map;
	return 0;
}

/* The first ID_MAP_ALL_COUNT ids; false if there are fewer. */
static bool
cut_ranges(struct id_ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++) {
		struct id_range *range = &ranges->items[i];

		if (range->inside + (uint64_t)range->count < ID_MAP_ALL_COUNT)
			continue;
		range->count = ID_MAP_ALL_COUNT - range->inside;
		ranges->count = i + 1;
		return true;
	}
	return false;
}

static int
find_shifted(const char *file, const char *available, struct id_ranges *ranges, struct error **err)
{
	if (id_ranges_read(file, "root", 0, ranges, err) < 0)
		return -1;
	if (!cut_ranges(ranges)) {
		*ranges = (struct id_ranges){ 0 };
		add_range(ranges, ID_MAP_SHIFTED_FIRST, ID_MAP_ALL_COUNT);
	}
	if (namespace_has_ranges(available, ranges))
		return 0;
	error_set(err, ERROR_LOCAL, "this user namespace does not have the ids %u to %u",
		  ranges->items[0].outside, ranges->items[0].outside + ID_MAP_ALL_COUNT - 1);
	error_set_class(err, CLASS_NO_USERNS);
	return error_set_hint(err, "run it on the machine itself, or name ids that it has for "
				   "root in /etc/subuid and /etc/subgid");
}

int
id_map_choose_shifted(struct id_map *ret_map, struct error **err)
{
	struct id_map map = { .kind = ID_MAP_RANGES };

	if (find_shifted("/etc/subuid", "/proc/self/uid_map", &map.uids, err) < 0 ||
	    find_shifted("/etc/subgid", "/proc/self/gid_map", &map.gids, err) < 0)
		return -1;
	*ret_map = map;
	return 0;
}

bool
id_ranges_has(const struct id_ranges *ranges, uint32_t inside)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (inside >= ranges->items[i].inside &&
		    inside - ranges->items[i].inside < ranges->items[i].count)
			return true;
	return false;
}

/* 64-bit FNV-1a, to tell the maps of one user apart; a collision helps no attacker. */
static uint64_t
hash_ranges(uint64_t hash, const struct id_ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct id_range *range = &ranges->items[i];
		const uint32_t words[] = { range->inside, range->outside, range->count };

		for (size_t j = 0; j < 3; j++)
			hash = (hash ^ words[j]) * UINT64_C(0x100000001b3);
	}
	return (hash ^ ranges->count) * UINT64_C(0x100000001b3);
}

struct id_map_name
id_map_name(const struct id_map *map)
{
	uint64_t hash = hash_ranges(UINT64_C(0xcbf29ce484222325), &map->uids);
	struct id_map_name name = { "host" };

	if (map->kind == ID_MAP_OWN)
		(void)snprintf(name.text, sizeof(name.text), "own");
	else if (map->kind == ID_MAP_RANGES)
		(void)snprintf(name.text, sizeof(name.text), "ranges-%016" PRIx64,
			       hash_ranges(hash, &map->gids));
	return name;
}

static int
run_mapper(const char *program, const struct id_ranges *ranges, pid_t pid, struct error **err)
{
	AUTO_STRINGS struct strings argv = { 0 };
	AUTO_BUF struct buf messages = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	struct spawn_options options = { .messages = &messages };
	struct spawn_result result = { 0 };
	AUTO_FREE char *said = NULL;

	strings_add(&argv, program);
	strings_take(&argv, xasprintf("%ld", (long)pid));
	for (size_t i = 0; i < ranges->count; i++) {
		strings_take(&argv, xasprintf("%" PRIu32, ranges->items[i].inside));
		strings_take(&argv, xasprintf("%" PRIu32, ranges->items[i].outside));
		strings_take(&argv, xasprintf("%" PRIu32, ranges->items[i].count));
	}
	options.argv = (const char *const *)argv.items;
	if (spawn_run(&options, &result, err) < 0)
		return -1;
	if (result.exit_status == 0)
		return 0;
	said = text_quote_message(messages.data, messages.size);
	error_set(err, ERROR_LOCAL, "'%s' failed with status %d: %s", program, result.exit_status,
		  said);
	return error_set_hint(err, "see subuid(5); 'ocifp doctor' tells what this machine allows");
}

int
id_map_write(const struct id_map *map, pid_t pid, struct error **err)
{
	if (run_mapper("newuidmap", &map->uids, pid, err) < 0)
		return -1;
	return run_mapper("newgidmap", &map->gids, pid, err);
}
