/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/copy_many.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/options/spelling.h"
#include "cli/outcome.h"
#include "cli/output/columns.h"
#include "cli/output/page.h"
#include "image/transfer/copy_tags.h"
#include "oci/document.h"

bool
copy_many_is_said(const struct copy_many_values *values)
{
	return values->all_tags || values->list;
}

/* A repository is meant: it has no tag and no digest. */
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
tell(struct context *context, const struct copy_rows *rows, bool dry_run, struct error **err)
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

/* The first failure decides about the exit status. */
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

int
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
	/* What was copied before --timeout is told all the same. */
	(void)copy_rows_run(context_session(context), &options, &rows, &stop);
	if (tell(context, &rows, values->dry_run, err) < 0)
		return -1;
	return stop ? error_pass(err, TAKE_PTR(stop)) : fail(&rows, err);
}
