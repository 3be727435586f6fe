/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/sparse_map.h"

#include <string.h>

#include "base/text.h"
#include "layer/pax.h"

void
sparse_map_add(struct sparse_map *map, uint64_t offset_bytes, uint64_t size_bytes)
{
	if (offset_bytes < map->end_bytes || offset_bytes > INT64_MAX ||
	    size_bytes > INT64_MAX - offset_bytes) {
		map->is_broken = true;
		return;
	}
	map->end_bytes = offset_bytes + size_bytes;
	map->content_bytes += size_bytes;
	map->count++;
}

bool
sparse_map_fits(const struct sparse_map *map, uint64_t file_bytes, uint64_t content_bytes)
{
	return !map->is_broken && map->end_bytes <= file_bytes &&
	       map->content_bytes == content_bytes && (map->count > 0 || file_bytes == 0);
}

/* Reads a number and the byte after it, which is not there at the end of a text. */
static bool
read_number(const char **at, const char *end, char separator, uint64_t *ret_number)
{
	const char *stop = memchr(*at, separator, (size_t)(end - *at));
	bool ok = pax_parse_number(*at, (size_t)((stop ? stop : end) - *at), ret_number);

	*at = stop ? stop + 1 : end;
	return ok;
}

void
sparse_map_add_text(struct sparse_map *map, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end && !map->is_broken) {
		uint64_t offset_bytes;
		uint64_t size_bytes;

		if (read_number(&text, end, ',', &offset_bytes) &&
		    read_number(&text, end, ',', &size_bytes))
			sparse_map_add(map, offset_bytes, size_bytes);
		else
			map->is_broken = true;
	}
}

uint64_t
sparse_map_count_lines(const char *text, size_t size)
{
	const char *end = text + size;
	uint64_t count = 0;

	if (!memchr(text, '\n', size) || !read_number(&text, end, '\n', &count))
		return 0;
	return count < INT64_MAX / 2 ? 2 * count + 1 : 0;
}

void
sparse_map_add_lines(struct sparse_map *map, const char *text, size_t size)
{
	const char *end = text + size;
	uint64_t offset_bytes = 0;
	uint64_t size_bytes = 0;
	uint64_t count = 0;

	map->is_broken = !read_number(&text, end, '\n', &count);
	for (uint64_t i = 0; i < count && !map->is_broken; i++) {
		if (read_number(&text, end, '\n', &offset_bytes) &&
		    read_number(&text, end, '\n', &size_bytes))
			sparse_map_add(map, offset_bytes, size_bytes);
		else
			map->is_broken = true;
	}
}
