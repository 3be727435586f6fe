/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/tag_list.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A suffix such as "-rc.1" or "-alpha": a version with it comes before the same without. */
static bool
is_prerelease(const char *end)
{
	static const char *const words[] = { "alpha", "beta", "rc", "pre", "dev", "snapshot" };

	for (size_t i = 0; *end == '-' && i < COUNT_OF(words); i++)
		if (strncasecmp(end + 1, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static int
compare_numbers(const char **left, const char **right)
{
	size_t left_size;
	size_t right_size;
	int order;

	*left += strspn(*left, "0");
	*right += strspn(*right, "0");
	left_size = strspn(*left, "0123456789");
	right_size = strspn(*right, "0123456789");
	order = left_size == right_size ? strncmp(*left, *right, left_size)
					: (left_size > right_size) - (left_size < right_size);
	*left += left_size;
	*right += right_size;
	return order;
}

/* 1.9 before 1.10, 2.0-rc1 before 2.0. */
static int
compare_versions(const void *a, const void *b)
{
	const char *left = *(char *const *)a;
	const char *right = *(char *const *)b;

	while (*left && *right) {
		if (is_digit(*left) && is_digit(*right)) {
			int order = compare_numbers(&left, &right);

			if (order != 0)
				return order;
		} else if (*left != *right) {
			return (unsigned char)*left < (unsigned char)*right ? -1 : 1;
		} else {
			left++;
			right++;
		}
	}
	if (is_prerelease(left) || is_prerelease(right))
		return is_prerelease(left) ? -1 : 1;
	return (*left != '\0') - (*right != '\0');
}

static bool
matches_any(const struct strings *patterns, const char *tag)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (fnmatch(patterns->items[i], tag, 0) == 0)
			return true;
	return false;
}

/* "sha256-HEX", "sha256-HEX.sig"; of a sha512 digest the referrers' tag has the first half. */
static bool
is_digest_tag(const char *tag)
{
	bool is_named = strncmp(tag, "sha256-", 7) == 0 || strncmp(tag, "sha512-", 7) == 0;
	size_t size = is_named ? strspn(tag + 7, "0123456789abcdef") : 0;

	return (size == 64 || size == 128) && (tag[7 + size] == '\0' || tag[7 + size] == '.');
}

void
tags_choose(const struct tag_filter *filter, struct strings *tags)
{
	struct strings chosen = { 0 };

	for (size_t i = 0; i < tags->count; i++) {
		const char *tag = tags->items[i];

		if ((filter->include.count == 0 || matches_any(&filter->include, tag)) &&
		    !matches_any(&filter->exclude, tag) &&
		    !(filter->no_digest_tags && is_digest_tag(tag)))
			strings_add(&chosen, tag);
	}
	strings_release(tags);
	*tags = chosen;
	if (tags->count > 1)
		qsort(tags->items, tags->count, sizeof(*tags->items), compare_versions);
}
