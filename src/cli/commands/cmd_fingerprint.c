/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/github.h"
#include "cli/output/page.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/git.h"
#include "fingerprint/record.h"
#include "project/git/git_project.h"
#include "project/project.h"

struct fingerprint_values {
	struct target_options inputs; /* without by_hash and tag */
	bool explain;
	const char *revision;
};

#define INPUT(member) offsetof(struct fingerprint_values, inputs.member)

static const struct option_spec fingerprint_options[] = {
	{ "explain", 0, OPTION_FLAG, offsetof(struct fingerprint_values, explain), NULL,
	  "list every input before the fingerprint" },
	{ "rev", 0, OPTION_STRING, offsetof(struct fingerprint_values, revision), "REV",
	  "use the project file and the inputs of this git commit" },
	{ "length", 0, OPTION_UINT, INPUT(length), "N",
	  "hexadecimal digits to print, 1 to 64; 12 by default" },
	{ "input", 0, OPTION_STRINGS, INPUT(inputs), "PATH",
	  "use this file or directory, not the project file; repeatable" },
	{ "arg", 0, OPTION_STRINGS, INPUT(args), "NAME=VALUE",
	  "add a value that the build depends on; repeatable" },
	{ "exclude", 0, OPTION_STRINGS, INPUT(exclude), "PATH",
	  "leave out this path and everything below it; repeatable" },
	{ "optional", 0, OPTION_STRINGS, INPUT(optional), "PATH",
	  "allow this input to be missing; repeatable" },
	{ "scheme", 0, OPTION_STRING, INPUT(scheme), "tree|concat", "how to hash the inputs" },
	{ "tracked", 0, OPTION_FLAG, INPUT(tracked), NULL, "use only the files that git tracks" },
	{ 0 },
};

static const char *const kind_names[] = {
	[RECORD_FILE] = "file",
	[RECORD_ARG] = "arg",
	[RECORD_IMAGE] = "image",
	[RECORD_NEEDS] = "needs",
};

static void
set_text(json_t *object, const char *name, const char *text)
{
	json_t *exact = json_string(text);
	AUTO_FREE char *member = NULL;
	AUTO_FREE char *hex = NULL;

	if (exact) {
		json_object_set_new(object, name, exact);
		return;
	}
	json_object_set_new(object, name, json_string(QUOTED(text)));
	member = xasprintf("%s_hex", name);
	hex = xcalloc(1, 2 * strlen(text) + 1);
	text_hex((const uint8_t *)text, strlen(text), hex);
	json_object_set_new(object, member, json_string(hex));
}

static json_t *
entry_object(const struct record_entry *entry)
{
	json_t *object = json_pack("{s:s}", "kind", kind_names[entry->kind]);

	if (entry->kind == RECORD_FILE) {
		AUTO_FREE char *value = NULL;
		char *size;
		char *hash;
		uint64_t size_bytes = 0;

		set_text(object, "path", entry->key);
		/* The parts of "<mode> <size> <sha256>", which record_parse() has checked. */
		value = xstrndup(entry->value, entry->value_size);
		size = strchr(value, ' ');
		hash = strrchr(value, ' ');
		if (size && hash) {
			*size = '\0';
			*hash = '\0';
			(void)text_parse_uint(size + 1, INT64_MAX, &size_bytes);
			json_object_set_new(object, "mode", json_string(value));
			json_object_set_new(object, "size", json_integer((json_int_t)size_bytes));
			json_object_set_new(object, "sha256", json_string(hash + 1));
		}
	} else {
		set_text(object, "name", entry->key);
		set_text(object, "value", entry->value);
	}
	return object;
}

/* The caller's reference.  A path or value that is not UTF-8 is given quoted and in hex. */
static json_t *
explain_array(const struct record *record)
{
	json_t *array = json_array();

	for (size_t i = 0; i < record->count; i++)
		json_array_append_new(array, entry_object(&record->entries[i]));
	return array;
}

struct answer {
	struct fingerprint fingerprint;
	unsigned length;
	struct buf *record; /* NULL: not wanted */
	char *image;        /* NULL: the inputs come from the command line */
	char *commit;       /* NULL: they are in the working tree */
};

static void
answer_release(struct answer *answer)
{
	free(answer->image);
	free(answer->commit);
}

static int
compute_paths(const struct context *context, const struct target_options *options,
	      const struct strings *operands, struct answer *answer, struct error **err)
{
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs = { 0 };

	if (operands->count > 0) {
		error_set(err, ERROR_USAGE, "the inputs of an IMAGE are in the project file");
		return error_set_hint(err, "give either IMAGE or --input");
	}
	if (inputs_of_options(context, options, &inputs, err) < 0)
		return -1;
	answer->length = FINGERPRINT_LENGTH_DEFAULT;
	return fingerprint_compute(&inputs, answer->record, &answer->fingerprint, err);
}

static int
compute_image(struct context *context, const struct project *project,
	      const struct strings *operands, struct answer *answer, struct error **err)
{
	const char *name = operands->count > 0 ? operands->items[0] : NULL;
	const struct project_image *image = project ? project_image(project, name, err) : NULL;
	AUTO_FREE char *caveat = NULL;

	if (!image)
		return -1;
	caveat = project_image_caveat(image);
	if (caveat)
		context_notice(context, "%s", caveat);
	answer->length = image->length;
	answer->image = xstrdup(image->name);
	return project_fingerprint(project, image, answer->record, &answer->fingerprint, err);
}

static int
compute_commit(struct context *context, const char *revision, const struct strings *operands,
	       struct answer *answer, struct error **err)
{
	AUTO_GIT struct git *git = NULL;
	AUTO_GIT_PROJECT struct git_project *commits = NULL;
	const struct project *project = context_project(context, err);

	if (!project || git_open(project->directory, &git, err) < 0)
		return -1;
	if (!git)
		return error_set(err, ERROR_USAGE, "the project is not in a git repository");
	commits = git_project_new(git, project->path, err);
	if (!commits)
		return -1;
	return compute_image(context, git_project_at(commits, revision, &answer->commit, err),
			     operands, answer, err);
}

static json_t *
answer_object(const struct answer *answer, const char *tag, const struct record *record)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "fingerprint",
				   digest_hex(&answer->fingerprint.digest).text, "tag", tag,
				   "scheme", fingerprint_scheme_name(answer->fingerprint.scheme));

	if (answer->image)
		json_object_set_new(object, "image", json_string(answer->image));
	if (answer->commit)
		json_object_set_new(object, "commit", json_string(answer->commit));
	if (record->entries)
		json_object_set_new(object, "inputs", explain_array(record));
	return object;
}

static int
tell(struct context *context, const struct answer *answer, struct error **err)
{
	AUTO_FREE char *tag = fingerprint_tag(&answer->fingerprint, answer->length);
	AUTO_RECORD struct record record = { 0 };
	AUTO_PAGE struct page page = { 0 };

	if (answer->record &&
	    record_parse(answer->record->data, answer->record->size, &record, err) < 0)
		return -1;
	if (github_set_output("fingerprint", digest_hex(&answer->fingerprint.digest).text, err) < 0)
		return -1;
	if (github_set_output("tag", tag, err) < 0)
		return -1;
	/* A line for each entry of the record, quoted: "<mode> <size> <sha256> <path>", "arg
	 * NAME=VALUE" and so on. */
	for (size_t i = 0; i < record.count; i++) {
		AUTO_FREE char *value =
			text_quote(record.entries[i].value, record.entries[i].value_size);

		if (record.entries[i].kind == RECORD_FILE)
			page_add(&page, "%s %s\n", value, QUOTED(record.entries[i].key));
		else
			page_add(&page, "%s %s%c%s\n", kind_names[record.entries[i].kind],
				 QUOTED(record.entries[i].key),
				 record.entries[i].kind == RECORD_ARG ? '=' : ' ', value);
	}
	page_add(&page, "%s\n", tag);
	return context_result_page(context, &page, answer_object(answer, tag, &record), err);
}

static int
run_fingerprint(struct context *context, const void *opaque, const struct strings *operands,
		struct error **err)
{
	const struct fingerprint_values *values = opaque;
	AUTO_BUF struct buf record = BUF_INIT(RECORD_LIMIT_BYTES);
	CLEANUP(answer_release)
	struct answer answer = { .record = values->explain ? &record : NULL };
	int result;

	if (values->inputs.length > FINGERPRINT_HEX_CHARS)
		return error_set(err, ERROR_USAGE, "--length is at most %d", FINGERPRINT_HEX_CHARS);
	if (target_options_have_inputs(&values->inputs) && values->revision)
		return error_set(err, ERROR_USAGE, "--rev is for an IMAGE of the project file");
	if (target_options_have_inputs(&values->inputs))
		result = compute_paths(context, &values->inputs, operands, &answer, err);
	else if (values->revision)
		result = compute_commit(context, values->revision, operands, &answer, err);
	else
		result = compute_image(context, context_project(context, err), operands, &answer,
				       err);
	if (result < 0)
		return -1;
	if (values->inputs.length > 0)
		answer.length = values->inputs.length;
	return tell(context, &answer, err);
}

const struct command cmd_fingerprint = {
	.name = "fingerprint",
	.summary = "print the fingerprint of an image's inputs",
	.usage = "[--rev REV] [IMAGE]",
	.options = fingerprint_options,
	.values_size = sizeof(struct fingerprint_values),
	.groups = OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_fingerprint,
};
