/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/tar_filter.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/sparse_map.h"
#include "layer/pax.h"

/* The pax records of a member that determine where the next member is. */
struct facts {
	bool has_path;
	bool path_ends_in_slash;
	bool has_link;
	bool has_size;
	uint64_t size_bytes;
	bool is_sparse; /* one of the forms below */
	bool has_map;   /* in the records: forms 0.0 and 0.1 */
	struct sparse_map map;
	uint64_t region_count;
	bool has_region_count;
	bool has_offset; /* of a region whose size follows */
	uint64_t offset_bytes;
	int major; /* -1: no record */
	int minor;
	bool has_file_size;
	uint64_t file_bytes;
};

/* A member while its headers are read. */
struct member {
	uint8_t header[TAR_BLOCK_BYTES];
	char type;
	uint64_t stored_bytes; /* content, with the map that stands before it in form 1.0 */
	struct facts facts;
};

static int
refuse(const struct member *member, const char *why, struct error **err)
{
	AUTO_FREE char *name = xstrndup((const char *)member->header, TAR_NAME_WIDTH);

	return error_set(err, ERROR_CONTENT, "invalid tar header of '%s': %s", QUOTED(name), why);
}

static int
refuse_tar(const char *why, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "cannot read the tar: %s", why);
}

/* Bytes to take, unless the tar has ended. */
static int
fill(struct tar_filter *filter, struct error **err)
{
	const void *bytes = NULL;

	if (filter->size > 0 || filter->source_ended)
		return 0;
	if (filter->source.read(filter->source.context, &bytes, &filter->size, err) < 0)
		return -1;
	filter->bytes = bytes;
	filter->source_bytes += filter->size;
	filter->source_ended = filter->size == 0;
	return 0;
}

/* *ret_taken is less than `size` only at the end of the tar. */
static int
take(struct tar_filter *filter, uint8_t *to, size_t size, size_t *ret_taken, struct error **err)
{
	size_t taken = 0;

	while (taken < size) {
		size_t part;

		if (fill(filter, err) < 0)
			return -1;
		if (filter->size == 0)
			break;
		part = filter->size < size - taken ? filter->size : size - taken;
		memcpy(to + taken, filter->bytes, part);
		filter->bytes += part;
		filter->size -= part;
		taken += part;
	}
	*ret_taken = taken;
	return 0;
}

static int
append_block(struct tar_filter *filter, struct buf *to, struct error **err)
{
	uint8_t block[TAR_BLOCK_BYTES] = { 0 };
	size_t taken = 0;

	if (take(filter, block, sizeof(block), &taken, err) < 0)
		return -1;
	if (taken == 0)
		return refuse_tar("it is cut short", err);
	return buf_append(to, block, sizeof(block), err);
}

/* The content of a header that describes the next member, without its padding. */
static int
take_extra(struct tar_filter *filter, const struct member *member, struct tar_extra *extra,
	   struct error **err)
{
	buf_clear(&extra->content);
	if (member->stored_bytes > PAX_LIMIT_BYTES) {
		refuse(member, "a header has more than 1 MiB", err);
		return error_set_class(err, CLASS_LIMIT);
	}
	while (extra->content.size < member->stored_bytes)
		if (append_block(filter, &extra->content, err) < 0)
			return -1;
	extra->content.size = (size_t)member->stored_bytes;
	memcpy(extra->header, member->header, sizeof(extra->header));
	extra->is_there = true;
	return 0;
}

static int
pass_over(struct tar_filter *filter, const struct member *member, struct error **err)
{
	uint64_t left = (member->stored_bytes + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES;
	uint8_t block[TAR_BLOCK_BYTES];
	size_t taken = 0;

	for (; left > 0; left--) {
		if (take(filter, block, sizeof(block), &taken, err) < 0)
			return -1;
		if (taken == 0)
			return refuse_tar("it is cut short", err);
	}
	return 0;
}

static int
append_extra(struct tar_filter *filter, struct tar_extra *extra, char type, struct error **err)
{
	static const uint8_t zeros[TAR_BLOCK_BYTES];
	size_t over = extra->content.size % TAR_BLOCK_BYTES;

	if (!extra->is_there)
		return 0;
	extra->is_there = false;
	if (extra->content.size == 0)
		return 0;
	extra->header[TAR_TYPE_OFFSET] = (uint8_t)type;
	tar_header_set_size(extra->header, extra->content.size);
	tar_header_seal(extra->header);
	if (buf_append(&filter->headers, extra->header, sizeof(extra->header), err) < 0 ||
	    buf_append(&filter->headers, extra->content.data, extra->content.size, err) < 0)
		return -1;
	return over > 0 ? buf_append(&filter->headers, zeros, sizeof(zeros) - over, err) : 0;
}

static bool
is_key(const struct pax_record *record, const char *key)
{
	return strcmp(record->key, key) == 0;
}

static bool
read_number(const struct pax_record *record, bool *ret_has, uint64_t *ret_number)
{
	*ret_has = true;
	return pax_parse_number(record->value, record->size, ret_number);
}

static bool
read_version(const struct pax_record *record, int *ret_number)
{
	*ret_number = record->value[0] - '0';
	return strcmp(record->value, "0") == 0 || strcmp(record->value, "1") == 0;
}

/* Form 0.0 has a record for each offset and each size. */
static bool
read_region(const struct pax_record *record, struct facts *facts)
{
	bool is_offset = is_key(record, "GNU.sparse.offset");
	bool ignored;
	uint64_t size_bytes = 0;

	if (is_offset == facts->has_offset)
		return false;
	facts->has_map = true;
	facts->has_offset = is_offset;
	if (is_offset)
		return read_number(record, &ignored, &facts->offset_bytes);
	if (!read_number(record, &ignored, &size_bytes))
		return false;
	sparse_map_add(&facts->map, facts->offset_bytes, size_bytes);
	return true;
}

static bool
read_sparse(const struct pax_record *record, struct facts *facts)
{
	uint64_t file_bytes = facts->file_bytes;
	bool had_size = facts->has_file_size;

	facts->is_sparse = true;
	if (is_key(record, "GNU.sparse.major"))
		return read_version(record, &facts->major);
	if (is_key(record, "GNU.sparse.minor"))
		return read_version(record, &facts->minor);
	if (is_key(record, "GNU.sparse.numblocks"))
		return read_number(record, &facts->has_region_count, &facts->region_count);
	if (is_key(record, "GNU.sparse.offset") || is_key(record, "GNU.sparse.numbytes"))
		return read_region(record, facts);
	if (is_key(record, "GNU.sparse.map")) {
		if (facts->has_map)
			return false;
		facts->has_map = true;
		sparse_map_add_text(&facts->map, record->value);
		return true;
	}
	if (is_key(record, "GNU.sparse.size") || is_key(record, "GNU.sparse.realsize"))
		return read_number(record, &facts->has_file_size, &facts->file_bytes) &&
		       (!had_size || facts->file_bytes == file_bytes);
	return is_key(record, "GNU.sparse.name") && strlen(record->value) == record->size;
}

static bool
is_known(const struct pax_record *record)
{
	static const char *const known[] = { "path", "linkpath", "size",      "uid",
					     "gid",  "mtime",    "hdrcharset" };

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (is_key(record, known[i]))
			return true;
	return text_starts(record->key, "SCHILY.xattr.") || text_starts(record->key, "GNU.sparse.");
}

/* Evaluates a record; false: it is damaged. */
static bool
note(struct tar_filter *filter, const struct pax_record *record, struct facts *facts)
{
	bool is_path = is_key(record, "path");
	bool is_link = is_key(record, "linkpath");

	if (is_key(record, "size"))
		return read_number(record, &facts->has_size, &facts->size_bytes);
	if (is_key(record, "mtime"))
		filter->found.has_time = pax_parse_time(record->value, &filter->found.modified);
	if (text_starts(record->key, "GNU.sparse."))
		return read_sparse(record, facts);
	if (is_path)
		facts->path_ends_in_slash = record->value[record->size - 1] == '/';
	facts->has_path |= is_path;
	facts->has_link |= is_link;
	return (!is_path && !is_link) || strlen(record->value) == record->size;
}

/* For all readers but libarchive an empty value keeps the header's. */
static int
keep_records(struct tar_filter *filter, struct member *member, struct buf *kept, struct error **err)
{
	char *at = filter->pax.content.data;
	const char *end = at + filter->pax.content.size;
	struct pax_record record;

	while (at < end) {
		if (!pax_next(&at, end, &record) ||
		    (record.size > 0 && !note(filter, &record, &member->facts)))
			return refuse(member, "a pax record is damaged", err);
		if (record.size > 0 && is_known(&record) && !is_key(&record, "size") &&
		    pax_add(kept, record.key, record.value, record.size, err) < 0)
			return -1;
	}
	return 0;
}

static int
read_pax(struct tar_filter *filter, struct member *member, struct error **err)
{
	struct buf kept = BUF_INIT(2 * PAX_LIMIT_BYTES);
	int ret = 0;

	if (!filter->pax.is_there)
		return 0;
	if (filter->pax.content.size > 0)
		ret = keep_records(filter, member, &kept, err);
	buf_release(&filter->pax.content);
	filter->pax.content = kept;
	return ret;
}

/* Members without content in all readers, whatever their size field. */
static bool
has_no_content(char type)
{
	return strchr("123456", type) != NULL && type != '\0';
}

static bool
is_gnu(const struct member *member)
{
	return memcmp(member->header + TAR_MAGIC_OFFSET, "ustar  ", 8) == 0;
}

static bool
ends_in_slash(const void *text, size_t width)
{
	size_t size = strnlen(text, width);

	return size > 0 && ((const char *)text)[size - 1] == '/';
}

static bool
names_directory(const struct tar_filter *filter, const struct member *member)
{
	if (member->facts.has_path)
		return member->facts.path_ends_in_slash;
	if (filter->name.is_there && filter->name.content.size > 0)
		return ends_in_slash(filter->name.content.data, filter->name.content.size);
	return ends_in_slash(member->header, TAR_NAME_WIDTH);
}

/* Before POSIX a '/' at the end made a directory.  After it GNU tar still says so, and Go's readers
 * make a file. */
static int
settle_type(const struct tar_filter *filter, struct member *member, struct error **err)
{
	if (!names_directory(filter, member))
		return 0;
	if (member->type == '0')
		return refuse(member, "a file whose name ends in '/'", err);
	if (member->type == '\0')
		member->type = '5';
	member->header[TAR_TYPE_OFFSET] = (uint8_t)member->type;
	return 0;
}

/* An old version of Go's writer put a name's prefix where GNU's header has two times. */
static bool
has_prefix_of_go(const struct member *member)
{
	const uint8_t *times = member->header + TAR_GNU_TIMES_OFFSET;
	uint64_t ignored;

	for (size_t i = 0; i < 2; i++, times += TAR_LONG_WIDTH)
		if (times[0] != '\0' && !(times[0] & 0x80) &&
		    !tar_number_parse(times, TAR_LONG_WIDTH, &ignored))
			return is_gnu(member) && member->type != 'S';
	return false;
}

static bool
add_regions(struct sparse_map *map, const uint8_t *regions, size_t count)
{
	for (size_t i = 0; i < count && regions[0] != '\0'; i++) {
		uint64_t offset_bytes;
		uint64_t size_bytes;

		if (!tar_number_parse(regions, TAR_LONG_WIDTH, &offset_bytes) ||
		    !tar_number_parse(regions + TAR_LONG_WIDTH, TAR_LONG_WIDTH, &size_bytes))
			return false;
		sparse_map_add(map, offset_bytes, size_bytes);
		regions += 2 * TAR_LONG_WIDTH;
	}
	return true;
}

/* The old GNU form: a map in the header and in blocks behind it. */
static int
read_old_sparse(struct tar_filter *filter, const struct member *member, struct error **err)
{
	const size_t more = TAR_SPARSE_MORE_REGIONS;
	const uint8_t *header = member->header;
	bool has_more = header[TAR_SPARSE_MORE_OFFSET] != '\0';
	struct sparse_map map = { 0 };
	bool ok = is_gnu(member) && !member->facts.is_sparse &&
		  add_regions(&map, header + TAR_SPARSE_OFFSET, TAR_SPARSE_REGIONS) &&
		  tar_number_parse(header + TAR_SPARSE_SIZE_OFFSET, TAR_LONG_WIDTH,
				   &filter->found.size_bytes);

	while (ok && has_more) {
		const uint8_t *block;

		if (append_block(filter, &filter->headers, err) < 0)
			return -1;
		block = (const uint8_t *)filter->headers.data + filter->headers.size -
			TAR_BLOCK_BYTES;
		ok = add_regions(&map, block, more);
		has_more = block[more * 2 * TAR_LONG_WIDTH] != '\0';
	}
	if (!ok || !sparse_map_fits(&map, filter->found.size_bytes, member->stored_bytes))
		return refuse(member, "its sparse map does not fit", err);
	return 0;
}

static uint64_t
count_lines(const char *text, size_t size)
{
	uint64_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	return count;
}

/* Form 1.0: the map is in the first blocks of the content. */
static int
read_map_blocks(struct tar_filter *filter, struct member *member, struct error **err)
{
	const struct buf *headers = &filter->headers;
	size_t begin = headers->size;
	uint64_t wanted = 1;
	uint64_t lines = 0;

	while (lines < wanted) {
		size_t at = headers->size;

		if (at - begin + TAR_BLOCK_BYTES > member->stored_bytes)
			return refuse(member, "its sparse map does not fit", err);
		if (append_block(filter, &filter->headers, err) < 0)
			return -1;
		if (at == begin)
			wanted = sparse_map_count_lines(headers->data + at, TAR_BLOCK_BYTES);
		lines += count_lines(headers->data + at, TAR_BLOCK_BYTES);
	}
	sparse_map_add_lines(&member->facts.map, headers->data + begin, headers->size - begin);
	member->stored_bytes -= headers->size - begin;
	return 0;
}

static int
read_pax_sparse(struct tar_filter *filter, struct member *member, struct error **err)
{
	struct facts *facts = &member->facts;
	bool is_1_0 = facts->major == 1;
	bool is_known_form = is_1_0 ? facts->minor == 0 && !facts->has_map
				    : facts->has_map && facts->has_region_count &&
					      facts->region_count == facts->map.count;

	if (!is_known_form || !facts->has_file_size || facts->has_offset ||
	    has_no_content(member->type))
		return refuse(member, "its sparse map does not fit", err);
	filter->found.size_bytes = facts->file_bytes;
	if (is_1_0 && read_map_blocks(filter, member, err) < 0)
		return -1;
	if (!sparse_map_fits(&facts->map, facts->file_bytes, member->stored_bytes))
		return refuse(member, "its sparse map does not fit", err);
	return 0;
}

/* libarchive believes the size of a link, and takes other bytes of GNU's header for a sparse map.
 */
static void
make_plain(struct member *member)
{
	if (has_no_content(member->type)) {
		member->stored_bytes = 0;
		member->facts.has_size = false;
		tar_header_set_size(member->header, 0);
	}
	if (has_prefix_of_go(member))
		memcpy(member->header + TAR_MAGIC_OFFSET, "ustar\00000", 8);
	if (is_gnu(member) && member->type != 'S')
		memset(member->header + TAR_SPARSE_OFFSET, 0,
		       TAR_SPARSE_SIZE_OFFSET + TAR_LONG_WIDTH - TAR_SPARSE_OFFSET);
	tar_header_seal(member->header);
}

static int
append_headers(struct tar_filter *filter, struct member *member, struct error **err)
{
	buf_clear(&filter->headers);
	if (append_extra(filter, &filter->link, 'K', err) < 0 ||
	    append_extra(filter, &filter->name, 'L', err) < 0 ||
	    append_extra(filter, &filter->pax, TAR_PAX, err) < 0 ||
	    buf_append(&filter->headers, member->header, sizeof(member->header), err) < 0)
		return -1;
	filter->found.headers_end = filter->passed_bytes + filter->headers.size;
	if (member->type == 'S')
		return read_old_sparse(filter, member, err);
	return member->facts.is_sparse ? read_pax_sparse(filter, member, err) : 0;
}

static int
add_member(struct tar_filter *filter, struct member *member, struct error **err)
{
	uint64_t whole_bytes;

	filter->found = (struct tar_found){ .type = member->type };
	if (read_pax(filter, member, err) < 0)
		return -1;
	if ((filter->name.is_there && member->facts.has_path) ||
	    (filter->link.is_there && member->facts.has_link))
		return refuse(member, "a GNU and a pax header name it", err);
	if (settle_type(filter, member, err) < 0)
		return -1;
	if (member->facts.has_size)
		member->stored_bytes = member->facts.size_bytes;
	make_plain(member);
	if (member->facts.has_size &&
	    pax_add_number(&filter->pax.content, "size", (int64_t)member->stored_bytes, err) < 0)
		return -1;
	whole_bytes = member->stored_bytes;
	filter->found.size_bytes = whole_bytes;
	if (append_headers(filter, member, err) < 0)
		return -1;
	filter->found.content_begin = filter->passed_bytes + filter->headers.size;
	filter->found.source_begin = filter->source_bytes - filter->size;
	filter->content_bytes = member->stored_bytes;
	filter->padding_is_whole = true;
	filter->padding_bytes = -whole_bytes % TAR_BLOCK_BYTES;
	return 0;
}

static bool
is_zero(const uint8_t *block)
{
	for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
		if (block[i] != 0)
			return false;
	return true;
}

/* libarchive and the kernel check the range of the other fields. */
static int
read_header(struct member *member, struct error **err)
{
	static const struct {
		size_t offset;
		size_t width;
	} fields[] = { { TAR_MODE_OFFSET, TAR_SHORT_WIDTH },
		       { TAR_UID_OFFSET, TAR_SHORT_WIDTH },
		       { TAR_GID_OFFSET, TAR_SHORT_WIDTH },
		       { TAR_MTIME_OFFSET, TAR_LONG_WIDTH } };
	uint64_t ignored;

	if (!tar_header_is_sound(member->header))
		return refuse_tar("a header has a wrong checksum", err);
	member->type = (char)member->header[TAR_TYPE_OFFSET];
	if (!tar_number_parse(member->header + TAR_SIZE_OFFSET, TAR_LONG_WIDTH,
			      &member->stored_bytes))
		return refuse(member, "its size is not a number from 0 to 2^63-1", err);
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		const uint8_t *field = member->header + fields[i].offset;

		if (!(field[0] & 0x80) && !tar_number_parse(field, fields[i].width, &ignored))
			return refuse(member, "its mode, owner or time is not a number", err);
	}
	return 0;
}

/* 1: a member's headers are ready, 0: a header for the next one was taken. */
static int
take_member(struct tar_filter *filter, struct member *member, struct error **err)
{
	int ret;

	switch (member->type) {
	case 'x':
	case 'X': /* Solaris */
		return take_extra(filter, member, &filter->pax, err);
	case 'L':
		return take_extra(filter, member, &filter->name, err);
	case 'K':
		return take_extra(filter, member, &filter->link, err);
	case 'g': /* global records: ignored, as by container runtimes */
	case 'A': /* Solaris: access rules, which change the mode for libarchive alone */
		return pass_over(filter, member, err);
	default:
		ret = add_member(filter, member, err);
		return ret < 0 ? -1 : 1;
	}
}

/* Passes the end on.  The bytes after it, and headers without a member, are ignored. */
static int
end(struct tar_filter *filter, struct member *member, size_t size, struct error **err)
{
	buf_clear(&filter->headers);
	filter->ended = true;
	if (read_pax(filter, member, err) < 0)
		return -1;
	if (size > 0 && size < TAR_BLOCK_BYTES)
		return refuse_tar("it is cut short", err);
	return size > 0 ? buf_append(&filter->headers, member->header, size, err) : 0;
}

/* Fills `headers`. */
static int
read_headers(struct tar_filter *filter, struct error **err)
{
	int ret = 0;

	while (ret == 0) {
		struct member member = { .facts = { .major = -1, .minor = -1 } };
		size_t size = 0;

		if (take(filter, member.header, sizeof(member.header), &size, err) < 0)
			return -1;
		if (size < sizeof(member.header) || is_zero(member.header))
			return end(filter, &member, size, err);
		if (read_header(&member, err) < 0)
			return -1;
		ret = take_member(filter, &member, err);
	}
	return ret < 0 ? -1 : 0;
}

/* Some writers (umoci insert) omit the last padding; GNU tar and Go's readers accept that. */
static int
read_content(struct tar_filter *filter, const void **ret_bytes, size_t *ret_size,
	     struct error **err)
{
	static const uint8_t zeros[TAR_BLOCK_BYTES];
	uint64_t *left =
		filter->content_bytes > 0 ? &filter->content_bytes : &filter->padding_bytes;

	if (fill(filter, err) < 0)
		return -1;
	*ret_bytes = filter->bytes;
	*ret_size = filter->size < *left ? filter->size : (size_t)*left;
	if (filter->size == 0 && left == &filter->padding_bytes && filter->padding_is_whole) {
		*ret_bytes = zeros;
		*ret_size = (size_t)*left;
	} else {
		filter->bytes += *ret_size;
		filter->size -= *ret_size;
	}
	filter->padding_is_whole &= left != &filter->padding_bytes;
	*left -= *ret_size;
	return 0;
}

static int
read_some(struct tar_filter *filter, const void **ret_bytes, size_t *ret_size, struct error **err)
{
	if (filter->content_bytes > 0 || filter->padding_bytes > 0)
		return read_content(filter, ret_bytes, ret_size, err);
	*ret_size = 0;
	if (filter->ended)
		return 0;
	if (read_headers(filter, err) < 0)
		return -1;
	*ret_bytes = filter->headers.data;
	*ret_size = filter->headers.size;
	return 0;
}

int
tar_filter_read(struct tar_filter *filter, const void **ret_bytes, size_t *ret_size,
		struct error **err)
{
	if (read_some(filter, ret_bytes, ret_size, err) < 0)
		return -1;
	filter->passed_bytes += *ret_size;
	return 0;
}

/* A header is never passed over: what was taken of it lies in `headers`. */
uint64_t
tar_filter_skip(struct tar_filter *filter, uint64_t size)
{
	uint64_t left = filter->content_bytes + filter->padding_bytes;
	uint64_t skipped = size < left ? size : left;
	uint64_t taken = skipped < filter->size ? skipped : filter->size;
	uint64_t of_content = skipped < filter->content_bytes ? skipped : filter->content_bytes;

	if (!filter->source.skip || skipped == 0)
		return 0;
	filter->bytes += taken;
	filter->size -= (size_t)taken;
	filter->source.skip(filter->source.context, skipped - taken);
	filter->source_bytes += skipped - taken;
	filter->content_bytes -= of_content;
	filter->padding_bytes -= skipped - of_content;
	filter->padding_is_whole &= skipped == of_content;
	filter->passed_bytes += skipped;
	return skipped;
}

void
tar_filter_init(struct tar_filter *filter, const struct tar_source *source)
{
	*filter = (struct tar_filter){
		.source = *source,
		.pax.content = BUF_INIT(PAX_LIMIT_BYTES + TAR_BLOCK_BYTES),
		.name.content = BUF_INIT(PAX_LIMIT_BYTES + TAR_BLOCK_BYTES),
		.link.content = BUF_INIT(PAX_LIMIT_BYTES + TAR_BLOCK_BYTES),
		.headers = BUF_INIT(TAR_HEADERS_LIMIT_BYTES),
	};
}

void
tar_filter_release(struct tar_filter *filter)
{
	buf_release(&filter->pax.content);
	buf_release(&filter->name.content);
	buf_release(&filter->link.content);
	buf_release(&filter->headers);
}
