/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/fingerprint.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/collect.h"
#include "fingerprint/hash_file.h"
#include "fingerprint/hash_files.h"
#include "fingerprint/input_files.h"
#include "fingerprint/record_writer.h"
#include "fingerprint/stat_cache.h"

static const char *const scheme_names[] = { [SCHEME_TREE] = "tree", [SCHEME_CONCAT] = "concat" };

bool
fingerprint_arg_name_is_valid(const char *name)
{
	static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
					 "0123456789.-";

	return *name && !strchr("0123456789.-", *name) && !name[strspn(name, characters)];
}

void
fingerprint_pairs_add(struct fingerprint_pairs *pairs, const char *key, const char *value)
{
	struct fingerprint_pair pair = { .key = xstrdup(key), .value = xstrdup(value) };

	pairs->items = xgrow(pairs->items, pairs->count, sizeof(*pairs->items));
	pairs->items[pairs->count++] = pair;
}

void
fingerprint_pairs_release(struct fingerprint_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].key);
		free(pairs->items[i].value);
	}
	free(pairs->items);
	*pairs = (struct fingerprint_pairs){ 0 };
}

void
fingerprint_inputs_release(struct fingerprint_inputs *inputs)
{
	strings_release(&inputs->paths);
	strings_release(&inputs->optional);
	strings_release(&inputs->exclude);
	fingerprint_pairs_release(&inputs->args);
	fingerprint_pairs_release(&inputs->pins);
	fingerprint_pairs_release(&inputs->needs);
	*inputs = (struct fingerprint_inputs){ 0 };
}

char *
fingerprint_tag(const struct fingerprint *fingerprint, unsigned length)
{
	struct digest_text hex = digest_hex(&fingerprint->digest);

	return xstrndup(hex.text, length);
}

const char *
fingerprint_scheme_name(enum fingerprint_scheme scheme)
{
	return scheme_names[scheme];
}

int
fingerprint_scheme_parse(const char *name, enum fingerprint_scheme *ret_scheme, struct error **err)
{
	for (size_t i = 0; i < COUNT_OF(scheme_names); i++) {
		if (strcmp(name, scheme_names[i]) == 0) {
			*ret_scheme = (enum fingerprint_scheme)i;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, "scheme '%s' is neither 'tree' nor 'concat'",
			 QUOTED(name));
}

static int
write_record(const struct record_writer *writer, const struct fingerprint_inputs *inputs,
	     const struct input_files *files, struct error **err)
{
	if (record_write_header(writer, inputs->scheme, err) < 0 ||
	    record_write_files(writer, files, err) < 0 ||
	    record_write_pairs(writer, "arg", '=', &inputs->args, err) < 0 ||
	    record_write_pairs(writer, "image", ' ', &inputs->pins, err) < 0 ||
	    record_write_pairs(writer, "needs", ' ', &inputs->needs, err) < 0)
		return -1;
	return 0;
}

static int
filter_files(const struct fingerprint_inputs *inputs, struct input_files *files, struct error **err)
{
	const struct input_filter *filter = inputs->filter;
	bool is_changed = false;

	for (size_t i = 0; filter && i < files->count; i++) {
		if (filter->apply(filter->context, &files->items[i], &is_changed, err) < 0)
			return -1;
		if (is_changed && inputs->scheme == SCHEME_CONCAT)
			return error_set(err, ERROR_USAGE,
					 "input '%s' is kept by LFS, and the scheme 'concat' has "
					 "to read it",
					 QUOTED(files->items[i].path));
	}
	return 0;
}

static int
compute_tree(int dir_fd, const struct fingerprint_inputs *inputs, struct buf *record,
	     struct digest *ret_digest, struct error **err)
{
	AUTO_INPUT_FILES struct input_files files = { 0 };
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	struct record_writer writer = { .hasher = hasher, .record = record };
	CLEANUP(stat_cache_free_at)
	struct stat_cache *cache = NULL;

	if (collect_tree(dir_fd, inputs, &files, err) < 0)
		return -1;
	cache = stat_cache_open(dir_fd, files.count);
	if (hash_files(dir_fd, &files, cache, err) < 0)
		return -1;
	if (cache)
		stat_cache_save(cache);
	if (filter_files(inputs, &files, err) < 0 || write_record(&writer, inputs, &files, err) < 0)
		return -1;
	*ret_digest = hasher_finish(hasher);
	return 0;
}

/* Hashes one stream over all files, and on the way each file of the record again on its own. */
static int
hash_stream(int dir_fd, struct input_files *files, bool each, struct digest *ret_digest,
	    struct error **err)
{
	AUTO_HASHER struct hasher *stream = hasher_new(DIGEST_SHA256);
	AUTO_FILE_HASHER struct file_hasher hasher = { .dir_fd = -1 };

	file_hasher_init(&hasher, dir_fd, each);
	hasher.stream = stream;
	for (size_t i = 0; i < files->count; i++)
		if (hash_file(&hasher, &files->items[i], err) < 0)
			return -1;
	*ret_digest = hasher_finish(stream);
	return 0;
}

static int
compute_concat(int dir_fd, const struct fingerprint_inputs *inputs, struct buf *record,
	       struct digest *ret_digest, struct error **err)
{
	AUTO_INPUT_FILES struct input_files files = { 0 };
	struct record_writer writer = { .record = record };
	struct digest digest;

	if (collect_concat(dir_fd, inputs, &files, err) < 0 ||
	    hash_stream(dir_fd, &files, record != NULL, &digest, err) < 0 ||
	    filter_files(inputs, &files, err) < 0)
		return -1;
	if (record && write_record(&writer, inputs, &files, err) < 0)
		return -1;
	*ret_digest = digest;
	return 0;
}

/* The first input that the scheme `concat` does not have; NULL: none. */
static const char *
find_foreign_to_concat(const struct fingerprint_inputs *inputs)
{
	if (inputs->args.count > 0)
		return "args";
	if (inputs->pins.count > 0)
		return "pin";
	if (inputs->needs.count > 0)
		return "needs";
	if (inputs->exclude.count > 0)
		return "exclude";
	return inputs->tracked ? "tracked" : NULL;
}

static int
check_scheme(const struct fingerprint_inputs *inputs, struct error **err)
{
	const char *foreign = find_foreign_to_concat(inputs);

	if (inputs->scheme != SCHEME_CONCAT || !foreign)
		return 0;
	error_set(err, ERROR_USAGE, "the scheme 'concat' does not support '%s'", foreign);
	return error_set_hint(err, "the scheme 'tree' supports it");
}

static int
compute(const struct fingerprint_inputs *inputs, struct buf *record, struct digest *ret_digest,
	struct error **err)
{
	AUTO_CLOSE int dir_fd = dir_open(inputs->directory, err);

	if (dir_fd < 0)
		return -1;
	if (inputs->scheme == SCHEME_CONCAT)
		return compute_concat(dir_fd, inputs, record, ret_digest, err);
	return compute_tree(dir_fd, inputs, record, ret_digest, err);
}

int
fingerprint_compute(const struct fingerprint_inputs *inputs, struct buf *record,
		    struct fingerprint *ret_fingerprint, struct error **err)
{
	struct fingerprint fingerprint = { .scheme = inputs->scheme };
	size_t count;

	if (record)
		buf_clear(record);
	count = inputs->paths.count + inputs->args.count + inputs->pins.count + inputs->needs.count;
	if (count == 0)
		return error_set(err, ERROR_USAGE, "a fingerprint needs at least one input");
	if (check_scheme(inputs, err) < 0)
		return -1;
	for (size_t i = 0; i < inputs->args.count; i++) {
		if (!fingerprint_arg_name_is_valid(inputs->args.items[i].key))
			return error_set(err, ERROR_USAGE, "invalid argument name '%s'",
					 QUOTED(inputs->args.items[i].key));
	}
	if (compute(inputs, record, &fingerprint.digest, err) < 0) {
		if (record)
			buf_clear(record);
		return -1;
	}
	*ret_fingerprint = fingerprint;
	return 0;
}
