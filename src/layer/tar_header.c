/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/tar_header.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/path.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "layer/pax.h"

/* All are text; numbers are octal digits and a NUL. */
struct ustar {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char target[100];
	char magic[6];
	char version[2];
	char user_name[32];
	char group_name[32];
	char device_major[8];
	char device_minor[8];
	char prefix[155];
	char padding[12];
};

_Static_assert(sizeof(struct ustar) == TAR_BLOCK_BYTES, "the fields make a block");

/* A value that does not fit leaves 0 and makes a record.  A negative one fits no field. */
static int
put_number(char *field, size_t width, const char *key, int64_t value, struct buf *records,
	   struct error **err)
{
	uint64_t left = (uint64_t)value;
	bool fits = left >> (3 * (width - 1)) == 0;

	for (size_t i = width - 1; i > 0; i--) {
		field[i - 1] = (char)('0' + (fits ? left & 7 : 0));
		left >>= 3;
	}
	return fits ? 0 : pax_add_number(records, key, value, err);
}

#define PUT(member_value, field, key) \
	put_number(ustar.field, sizeof(ustar.field), key, (int64_t)(member_value), records, err)

/* With a fraction, which only a record can hold: half a second before the epoch is "-0.5". */
static int
add_time(const struct tar_member *member, struct buf *records, struct error **err)
{
	bool is_before = member->mtime_s < 0;
	AUTO_FREE char *text = xasprintf(
		"%s%lld.%09ld", is_before ? "-" : "",
		is_before ? -(long long)(member->mtime_s + 1) : (long long)member->mtime_s,
		is_before ? 1000000000 - member->mtime_ns : member->mtime_ns);

	return pax_add_text(records, "mtime", text, err);
}

/* The text of records is taken for UTF-8 unless one says otherwise. */
static int
add_path(struct buf *records, const char *key, const char *path, struct error **err)
{
	if (!utf8_is_valid(path) && pax_add_text(records, "hdrcharset", "BINARY", err) < 0)
		return -1;
	return pax_add_text(records, key, path, err);
}

/* A text that fills its field has no NUL. */
static bool
put_text(char *field, size_t width, const char *text)
{
	size_t size = strlen(text);

	memcpy(field, text, size < width ? size : width);
	return size <= width;
}

/* Where the part before a '/' goes into the prefix and the rest into the name; NULL: nowhere. */
static const char *
find_split(const char *name)
{
	const char *slash = strchr(name, '/');

	while (slash && strlen(slash + 1) > sizeof(((struct ustar *)0)->name))
		slash = strchr(slash + 1, '/');
	if (!slash || !slash[1] || (size_t)(slash - name) > sizeof(((struct ustar *)0)->prefix))
		return NULL;
	return slash;
}

static int
put_name(const char *name, struct ustar *ustar, struct buf *records, struct error **err)
{
	const char *slash;

	if (put_text(ustar->name, sizeof(ustar->name), name))
		return 0;
	slash = find_split(name);
	if (!slash)
		return add_path(records, "path", name, err);
	memset(ustar->name, 0, sizeof(ustar->name));
	memcpy(ustar->prefix, name, (size_t)(slash - name));
	(void)put_text(ustar->name, sizeof(ustar->name), slash + 1);
	return 0;
}

static int
put_names(const struct tar_member *member, struct ustar *ustar, struct buf *records,
	  struct error **err)
{
	bool is_directory = member->type == TAR_DIRECTORY;
	AUTO_FREE char *name = member->region_count > 0
				       ? xasprintf("GNUSparseFile.0/%s", path_name(member->name))
				       : xasprintf("%s%s", member->name, is_directory ? "/" : "");

	if (put_name(name, ustar, records, err) < 0)
		return -1;
	if (!member->target || put_text(ustar->target, sizeof(ustar->target), member->target))
		return 0;
	return add_path(records, "linkpath", member->target, err);
}

static int
add_regions(const struct tar_member *member, struct buf *records, struct error **err)
{
	AUTO_BUF struct buf map = BUF_INIT(records->limit);

	if (member->region_count == 0)
		return 0;
	for (size_t i = 0; i < member->region_count; i++) {
		const struct tar_region *region = &member->regions[i];
		AUTO_FREE char *text = xasprintf("%s%" PRIu64 ",%" PRIu64, i > 0 ? "," : "",
						 region->offset_bytes, region->size_bytes);

		if (buf_append_text(&map, text, err) < 0)
			return -1;
	}
	if (pax_add_number(records, "GNU.sparse.size", (int64_t)member->size_bytes, err) < 0 ||
	    pax_add_number(records, "GNU.sparse.numblocks", (int64_t)member->region_count, err) <
		    0 ||
	    add_path(records, "GNU.sparse.name", member->name, err) < 0)
		return -1;
	return pax_add(records, "GNU.sparse.map", map.data, map.size, err);
}

uint64_t
tar_member_stored_bytes(const struct tar_member *member)
{
	uint64_t bytes = 0;

	if (member->region_count == 0)
		return member->size_bytes;
	for (size_t i = 0; i < member->region_count; i++)
		bytes += member->regions[i].size_bytes;
	return bytes;
}

/* The sum of all bytes, those of its own field taken as spaces. */
static void
put_checksum(struct ustar *ustar)
{
	const uint8_t *bytes = (const uint8_t *)ustar;
	int64_t sum = 0;

	memset(ustar->checksum, ' ', sizeof(ustar->checksum));
	for (size_t i = 0; i < sizeof(*ustar); i++)
		sum += bytes[i];
	(void)put_number(ustar->checksum, sizeof(ustar->checksum) - 1, "", sum, NULL, NULL);
	ustar->checksum[6] = '\0';
}

int
tar_header_make(const struct tar_member *member, uint8_t *ret_block, struct buf *records,
		struct error **err)
{
	struct ustar ustar = { .type = (char)member->type };

	memcpy(ustar.magic, "ustar", sizeof(ustar.magic));
	memcpy(ustar.version, "00", sizeof(ustar.version));
	if (put_names(member, &ustar, records, err) < 0 || add_regions(member, records, err) < 0)
		return -1;
	if (PUT(member->permissions & 07777, mode, "") < 0 || PUT(member->uid, uid, "uid") < 0 ||
	    PUT(member->gid, gid, "gid") < 0 ||
	    PUT(tar_member_stored_bytes(member), size, "size") < 0 ||
	    PUT(member->mtime_ns > 0 && member->mtime_s < 0 ? 0 : member->mtime_s, mtime, "mtime") <
		    0 ||
	    (member->mtime_ns > 0 && add_time(member, records, err) < 0))
		return -1;
	/* Linux has numbers of 12 and 20 bits: they fit. */
	if (PUT(member->device_major & 0xfff, device_major, "") < 0 ||
	    PUT(member->device_minor & 0xfffff, device_minor, "") < 0)
		return -1;
	for (size_t i = 0; i < member->xattr_count; i++) {
		const struct tar_xattr *xattr = &member->xattrs[i];
		AUTO_FREE char *key = xasprintf("SCHILY.xattr.%s", xattr->name);

		if (pax_add(records, key, xattr->value, xattr->size, err) < 0)
			return -1;
	}
	put_checksum(&ustar);
	memcpy(ret_block, &ustar, sizeof(ustar));
	return 0;
}

/* Old writers added up signed bytes. */
bool
tar_header_is_sound(const uint8_t *block)
{
	const struct ustar *ustar = (const struct ustar *)block;
	const size_t begin = offsetof(struct ustar, checksum);
	uint64_t said = 0;
	int64_t unsigned_sum = 0;
	int64_t signed_sum = 0;

	for (size_t i = 0; i < TAR_BLOCK_BYTES; i++) {
		bool is_checksum = i >= begin && i < begin + sizeof(ustar->checksum);

		unsigned_sum += is_checksum ? ' ' : block[i];
		signed_sum += is_checksum ? ' ' : (int8_t)block[i];
	}
	return tar_number_parse(block + begin, sizeof(ustar->checksum), &said) &&
	       ((int64_t)said == unsigned_sum || (int64_t)said == signed_sum);
}

void
tar_header_seal(uint8_t *block)
{
	struct ustar ustar;

	memcpy(&ustar, block, sizeof(ustar));
	put_checksum(&ustar);
	memcpy(block, &ustar, sizeof(ustar));
}

void
tar_header_set_size(uint8_t *block, uint64_t size_bytes)
{
	(void)put_number((char *)block + TAR_SIZE_OFFSET, TAR_LONG_WIDTH, "", (int64_t)size_bytes,
			 NULL, NULL);
	block[TAR_SIZE_OFFSET + TAR_LONG_WIDTH - 1] = '\0';
}

static bool
parse_binary(const uint8_t *field, size_t width, uint64_t *ret_number)
{
	uint64_t number = 0;

	/* The second bit is the sign. */
	if (field[0] & 0x40)
		return false;
	for (size_t i = 0; i < width; i++) {
		uint8_t byte = i == 0 ? field[0] & 0x7f : field[i];

		if (number > INT64_MAX >> 8)
			return false;
		number = number << 8 | byte;
	}
	*ret_number = number;
	return true;
}

static bool
is_blank(const uint8_t *field, size_t width)
{
	for (size_t i = 0; i < width; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return false;
	return true;
}

bool
tar_number_parse(const uint8_t *field, size_t width, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t i = 0;

	if (field[0] & 0x80)
		return parse_binary(field, width, ret_number);
	while (i < width && field[i] == ' ')
		i++;
	for (; i < width && field[i] >= '0' && field[i] <= '7'; i++)
		number = number << 3 | (uint64_t)(field[i] - '0');
	*ret_number = number;
	if (i < width && field[i] != ' ' && field[i] != '\0')
		return false;
	/* Digits behind a NUL count for some. */
	return (i > 0 && field[i - 1] != ' ') || is_blank(field, width);
}
