/* SPDX-License-Identifier: Apache-2.0 */
/* sparse_map.h - the map of a sparse file, validated
 *
 * GNU tar, "Storing Sparse Files".  A map is valid if it ascends, does not overlap, ends within
 * the file and covers all of the content; on other maps readers disagree.  A file of one hole has
 * an empty region.
 */
#ifndef OCIFP_LAYER_HELPER_SPARSE_MAP_H
#define OCIFP_LAYER_HELPER_SPARSE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sparse_map {
	uint64_t end_bytes; /* of the last region */
	uint64_t content_bytes;
	uint64_t count;
	bool is_broken;
};

void sparse_map_add(struct sparse_map *map, uint64_t offset_bytes, uint64_t size_bytes);
bool sparse_map_fits(const struct sparse_map *map, uint64_t file_bytes, uint64_t content_bytes);

/* "OFFSET,SIZE,OFFSET,SIZE...", as pax records have it. */
void sparse_map_add_text(struct sparse_map *map, const char *text);

/* "COUNT\nOFFSET\nSIZE\n...", before the content.  Returns the number of lines, with the first one;
 * 0: invalid. */
uint64_t sparse_map_count_lines(const char *text, size_t size);
void sparse_map_add_lines(struct sparse_map *map, const char *text, size_t size);

#endif
