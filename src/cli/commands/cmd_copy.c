/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/spelling.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "cli/output/columns.h"
#include "cli/output/page.h"
#include "image/resolve/target.h"
#include "image/transfer/copy_image.h"
#include "image/transfer/copy_tags.h"
#include "oci/document.h"
#include "oci/tag_list.h"

/* Many images, with a table of the outcomes. */
struct copy_many_values {
	bool all_tags;
	const char *list; /* a file of lines "SOURCE DESTINATION"; "-": stdin; NULL: the operands */
	struct tag_filter filter; /* of all_tags */
	bool missing_only;
	bool dry_run;
};

static bool
copy_many_is_said(const struct copy_many_values *values)
{
	return values->all_tags || values->list;
}

/* A repository without tag and digest. */
static int
check_repository(const char *text, const struct location *location, struct error **err)
{
	bool is_repository = location->transport == TRANSPORT_REGISTRY ||
			     location->transport == TRANSPORT_LAYOUT;

	if (!is_repository)
		return error_set(err, ERROR_USAGE,
				 "--all-tags expects a registry's repository or a layout, not '%s'",
				 QUOTED(text));
	if (location->reference.tag || location->reference.digest.algorithm != DIGEST_NONE)
		return error_set(err, ERROR_USAGE,
				 "--all-tags expects a repository without a tag, not '%s'",
				 QUOTED(text));
	return 0;
}

static int
add_pair(struct context *context, const struct copy_many_values *values, const char *from,
	 const char *to, struct copy_rows *rows, struct error **err)
{
	AUTO_FREE char *source_text = spelling_of_source(context, from);
	AUTO_FREE char *destination_text = spelling_of_output(context, to);
	AUTO_LOCATION struct location source = { 0 };
	AUTO_LOCATION struct location destination = { 0 };
	struct reference *reference = &source.reference;

	if (location_parse(source_text, &source, err) < 0 ||
	    location_parse(destination_text, &destination, err) < 0)
		return -1;
	context_log_in_at(context, &destination);
	if (values->all_tags) {
		if (check_repository(from, &source, err) < 0 ||
		    check_repository(to, &destination, err) < 0)
			return -1;
		return copy_rows_add_tags(context_session(context), &source, &destination,
					  &values->filter, rows, err);
	}
	if (source.transport == TRANSPORT_REGISTRY && !reference->tag &&
	    reference->digest.algorithm == DIGEST_NONE)
		reference->tag = xstrdup("latest");
	if (!destination.reference.tag && destination.reference.digest.algorithm == DIGEST_NONE)
		destination.reference.tag = xstrdup_null(reference->tag);
	copy_rows_add(rows, &source, &destination);
	return 0;
}

/* "SOURCE DESTINATION", "# a comment" or nothing */
static int
add_line(struct context *context, const struct copy_many_values *values, char *line,
	 struct copy_rows *rows, struct error **err)
{
	char *rest = NULL;
	const char *from = strtok_r(line, " \t\r", &rest);
	const char *to = strtok_r(NULL, " \t\r", &rest);

	if (!from || *from == '#')
		return 0;
	if (!to || strtok_r(NULL, " \t\r", &rest))
		return error_set(err, ERROR_USAGE,
				 "invalid line: expected a source and a destination");
	return add_pair(context, values, from, to, rows, err);
}

static int
add_list(struct context *context, const struct copy_many_values *values, struct copy_rows *rows,
	 struct error **err)
{
	bool is_stdin = strcmp(values->list, "-") == 0;
	AUTO_BUF struct buf content = BUF_INIT(COPY_LIST_LIMIT_BYTES);
	size_t number = 0;

	if ((is_stdin ? fd_read_all(STDIN_FILENO, &content, "standard input", err)
		      : file_read(AT_FDCWD, values->list, &content, err)) < 0)
		return error_wrap(err, "cannot read the list");
	if (buf_append(&content, "", 1, err) < 0)
		return -1;
	for (char *line = content.data, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		if (add_line(context, values, line, rows, err) < 0)
			return error_wrap(err, "'%s', line %zu",
					  is_stdin ? "standard input" : QUOTED(values->list),
					  number);
	}
	return 0;
}

static const char *
outcome_name(enum copy_outcome outcome, bool dry_run)
{
	static const char *const names[] = {
		[COPY_PRESENT] = "present", [COPY_KEPT] = "kept",     [COPY_NEW] = "copied",
		[COPY_MOVED] = "moved",     [COPY_FAILED] = "failed",
	};
	static const char *const plans[] = {
		[COPY_PRESENT] = "present", [COPY_KEPT] = "keep",     [COPY_NEW] = "copy",
		[COPY_MOVED] = "move",      [COPY_FAILED] = "failed",
	};

	return dry_run ? plans[outcome] : names[outcome];
}

static json_t *
row_json(const struct copy_row *row, bool dry_run)
{
	AUTO_FREE char *source = location_format(&row->source);
	AUTO_FREE char *destination = location_format(&row->destination);
	const char *digest =
		row->digest.algorithm == DIGEST_NONE ? NULL : digest_text(&row->digest).text;

	return json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "source", source, "destination",
			 destination, "outcome", outcome_name(row->outcome, dry_run), "digest",
			 digest, "error", row->failure ? error_text(row->failure) : NULL);
}

static int
tell_rows(struct context *context, const struct copy_rows *rows, bool dry_run, struct error **err)
{
	AUTO_COLUMNS struct columns columns = { .alignment = "lll" };
	AUTO_PAGE struct page page = { 0 };
	json_t *list = json_array();
	json_t *object;

	for (size_t i = 0; i < rows->count; i++) {
		const struct copy_row *row = &rows->items[i];

		columns_add(&columns, outcome_name(row->outcome, dry_run));
		columns_take(&columns, row->digest.algorithm == DIGEST_NONE
					       ? xstrdup("-")
					       : short_digest(digest_text(&row->digest).text));
		columns_take(&columns, location_format(&row->destination));
		json_array_append_new(list, row_json(row, dry_run));
		if (row->failure)
			context_notice(context, "%s", error_text(row->failure));
	}
	columns_print(&columns, &page);
	object = json_pack("{s:b, s:o}", "dry_run", dry_run, "copies", list);
	outcome_add_counts(context, object);
	return context_result_page(context, &page, object, err);
}

/* The first failure determines the exit status. */
static int
fail(struct copy_rows *rows, struct error **err)
{
	struct error *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (rows->items[i].outcome != COPY_FAILED)
			continue;
		count++;
		if (!first)
			first = TAKE_PTR(rows->items[i].failure);
	}
	if (!first)
		return 0;
	error_pass(err, first);
	return error_wrap(err, "%zu of %zu images were not copied; the first", count, rows->count);
}

static int
copy_many(struct context *context, const struct copy_many_values *values,
	  const struct strings *operands, const struct copy_options *copy, struct error **err)
{
	struct copy_rows_options options = {
		.copy = *copy,
		.missing_only = values->missing_only,
		.dry_run = values->dry_run,
	};
	AUTO_COPY_ROWS struct copy_rows rows = { 0 };
	AUTO_ERROR struct error *stop = NULL;

	if (values->list && operands->count > 0)
		return error_set(err, ERROR_USAGE, "--list and operands exclude each other");
	if (!values->list && operands->count != 2)
		return error_set(err, ERROR_USAGE,
				 "--all-tags requires a source and one destination");
	if ((values->list ? add_list(context, values, &rows, err)
			  : add_pair(context, values, operands->items[0], operands->items[1], &rows,
				     err)) < 0)
		return -1;
	if (rows.count == 0 && !context->options.json) {
		context_notice(context, "no tag matches: nothing to copy");
		return 0;
	}
	/* The table is printed even if --timeout ended the copy. */
	(void)copy_rows_run(context_session(context), &options, &rows, &stop);
	if (tell_rows(context, &rows, values->dry_run, err) < 0)
		return -1;
	return stop ? error_pass(err, TAKE_PTR(stop)) : fail(&rows, err);
}

struct copy_values {
	struct platforms platforms;
	bool all;
	bool referrers;
	bool no_clobber;
	struct copy_many_values many;
};

static const struct option_spec copy_options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct copy_values, all), NULL,
	  "copy all platforms, byte for byte (default)" },
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct copy_values, platforms), "OS/ARCH",
	  "copy only this platform; repeatable: several become a new index" },
	{ "referrers", 0, OPTION_FLAG, offsetof(struct copy_values, referrers), NULL,
	  "copy signatures and other artifacts that refer to the image, too" },
	{ "no-clobber", 0, OPTION_FLAG, offsetof(struct copy_values, no_clobber), NULL,
	  "fail instead of moving a tag that names another image" },
	{ "all-tags", 0, OPTION_FLAG, offsetof(struct copy_values, many.all_tags), NULL,
	  "copy every tag of a repository to another repository" },
	TAG_FILTER_OPTIONS(struct copy_values, many.filter),
	{ "list", 0, OPTION_STRING, offsetof(struct copy_values, many.list), "FILE",
	  "copy what each line of this file names: SOURCE DESTINATION" },
	{ "missing", 0, OPTION_FLAG, offsetof(struct copy_values, many.missing_only), NULL,
	  "copy only tags that the destination does not have" },
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct copy_values, many.dry_run), NULL,
	  "print what would be copied, and copy nothing" },
	{ 0 },
};

/* The destinations with their outcomes. */
struct copies {
	struct location *places;
	struct copy_result *results;
	size_t count;
};

static void
copies_release(struct copies *copies)
{
	for (size_t i = 0; i < copies->count; i++) {
		location_release(&copies->places[i]);
		copy_result_release(&copies->results[i]);
	}
	free(copies->places);
	free(copies->results);
}

static json_t *
describe_all(const struct context *context, const struct copies *copies)
{
	json_t *list = json_array();
	json_t *object;

	for (size_t i = 0; i < copies->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s?, s:s, s:b}", "image",
						      copies->results[i].repository, "tag",
						      copies->results[i].tag, "digest",
						      digest_text(&copies->results[i].digest).text,
						      "present", copies->results[i].was_there));
	object = json_pack("{s:s, s:o}", "digest", digest_text(&copies->results[0].digest).text,
			   "destinations", list);
	outcome_add_counts(context, object);
	return object;
}

static int
tell(struct context *context, const struct copies *copies, struct error **err)
{
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;
	bool stdout_is_taken = false;

	for (size_t i = 0; i < copies->count; i++) {
		const struct copy_result *result = &copies->results[i];
		const char *path = copies->places[i].path;

		stdout_is_taken = stdout_is_taken || (path && strcmp(path, "-") == 0);
		page_add(&page, "%s@%s\n", result->repository, digest_text(&result->digest).text);
		/* Of several places the outputs are those of the last, and each has a row. */
		if (outcome_tell_github(context,
					&(struct outcome){ .repository = result->repository,
							   .tag = result->tag,
							   .digest = &result->digest },
					err) < 0)
			return -1;
	}
	text = page_take(&page);
	if (!stdout_is_taken)
		return context_result(context, text, describe_all(context, copies), err);
	context->has_result = true;
	context_notice(context, "%s", text);
	return 0;
}

static int
check_usage(const struct copy_values *values, const struct strings *operands, struct error **err)
{
	const struct copy_many_values *many = &values->many;
	const struct tag_filter *filter = &many->filter;

	if (values->all && platforms_said(&values->platforms))
		return error_set(err, ERROR_USAGE, "--all and --platform exclude each other");
	if (!many->all_tags && (filter->include.count > 0 || filter->exclude.count > 0))
		return error_set(err, ERROR_USAGE, "--include and --exclude require --all-tags");
	if (!many->all_tags && filter->no_digest_tags)
		return error_set(err, ERROR_USAGE, "--no-digest-tags requires --all-tags");
	if (copy_many_is_said(many))
		return 0;
	if (many->missing_only || many->dry_run)
		return error_set(err, ERROR_USAGE, "%s requires --all-tags or --list",
				 many->missing_only ? "--missing" : "--dry-run");
	if (operands->count < 2) {
		error_set(err, ERROR_USAGE, "operands are missing");
		return error_set_hint(err, "usage: ocifp copy %s", cmd_copy.usage);
	}
	return 0;
}

static int
run_copy(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct copy_values *values = opaque;
	AUTO_TARGET struct target source = { 0 };
	CLEANUP(copies_release) struct copies copies = { 0 };
	struct copy_options options = {
		.platforms = platforms_said(&values->platforms),
		.referrers = values->referrers,
		.no_clobber = values->no_clobber,
	};

	if (check_usage(values, operands, err) < 0)
		return -1;
	if (copy_many_is_said(&values->many))
		return copy_many(context, &values->many, operands, &options, err);
	copies.count = operands->count - 1;
	copies.places = xcalloc(copies.count, sizeof(*copies.places));
	copies.results = xcalloc(copies.count, sizeof(*copies.results));
	for (size_t i = 0; i < copies.count; i++) {
		AUTO_FREE char *text = spelling_of_output(context, operands->items[i + 1]);

		if (spelling_refuse_directory(text, err) < 0 ||
		    location_parse(text, &copies.places[i], err) < 0)
			return -1;
		context_log_in_at(context, &copies.places[i]);
	}
	if (target_of_options(context, NULL, operands->items[0], &source, err) < 0)
		return -1;
	options.destinations = copies.places;
	options.destination_count = copies.count;
	if (copy_image(context_session(context), &source, &options, copies.results, err) < 0)
		return -1;
	return tell(context, &copies, err);
}

/* Options of skopeo, podman and buildah. */
static const struct option_spec foreign_options[] = {
	{ "format", 0, OPTION_REFUSED, 0, "oci|docker",
	  "copy keeps digests; 'ocifp mutate --format' converts an image" },
	{ "compression", 0, OPTION_REFUSED, 0, "METHOD",
	  "copy keeps digests; 'ocifp mutate --compression' compresses layers anew" },
	{ 0 },
};

const struct command cmd_copy = {
	.name = "copy",
	.summary = "copy an image between registries, layouts and archives",
	.usage = "[-a] [--platform OS/ARCH] [--referrers] [--no-clobber] [--all-tags] [--list "
		 "FILE] [IMAGE|REF DESTINATION...]",
	.options = copy_options,
	.other_options = foreign_options,
	.values_size = sizeof(struct copy_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_copy,
};
