/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "archive/spool.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/progress.h"
#include "cli/output/terminal.h"
#include "image/transfer/blob.h"
#include "oci/location.h"
#include "oci/reference.h"
#include "repository/repository.h"
#include "store/store.h"
#include "stream/sink.h"

/* A blob's place and its size. */
struct place {
	struct location location;
	struct repository *repository;
	uint64_t size_bytes;
};

static void
place_release(struct place *place)
{
	location_release(&place->location);
	repository_free(place->repository);
}
#define AUTO_PLACE CLEANUP(place_release)

static int
open_place(struct context *context, const char *text, enum repository_mode mode,
	   struct place *place, struct error **err)
{
	if (location_parse(text, &place->location, err) < 0)
		return -1;
	context_log_in_at(context, &place->location);
	place->repository = repository_open(context_session(context), &place->location, mode, err);
	return place->repository ? 0 : -1;
}

static int
find_blob(struct context *context, const char *text, struct place *place, struct error **err)
{
	const struct digest *digest = &place->location.reference.digest;

	if (open_place(context, text, REPOSITORY_READ, place, err) < 0)
		return -1;
	if (digest->algorithm == DIGEST_NONE) {
		error_set(err, ERROR_USAGE, "'%s' has no digest", text);
		return error_set_hint(err, "expected HOST/NAME@DIGEST");
	}
	return repository_find_blob(place->repository, digest, &place->size_bytes, err);
}

static int
run_get(struct context *context, const void *values, const struct strings *operands,
	struct error **err)
{
	AUTO_PLACE struct place place = { 0 };
	AUTO_SINK struct sink *sink = sink_stdout();
	struct descriptor descriptor = { 0 };

	(void)values;
	if (find_blob(context, operands->items[0], &place, err) < 0)
		return -1;
	descriptor.digest = place.location.reference.digest;
	descriptor.size_bytes = place.size_bytes;
	context->has_result = true;
	progress_yield(context->progress);
	return blob_write(place.repository, &descriptor, sink, err);
}

static int
run_head(struct context *context, const void *values, const struct strings *operands,
	 struct error **err)
{
	AUTO_PLACE struct place place = { 0 };
	AUTO_FREE char *text = NULL;

	(void)values;
	if (find_blob(context, operands->items[0], &place, err) < 0)
		return -1;
	text = xasprintf("%" PRIu64, place.size_bytes);
	return context_result(context, text,
			      json_pack("{s:s, s:s, s:I}", "image",
					repository_name(place.repository), "digest",
					digest_text(&place.location.reference.digest).text, "size",
					(json_int_t)place.size_bytes),
			      err);
}

static int
run_put(struct context *context, const void *values, const struct strings *operands,
	struct error **err)
{
	AUTO_PLACE struct place place = { 0 };
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_CLOSE int fd = strcmp(operands->items[0], "-") == 0
				    ? spool(STDIN_FILENO, err)
				    : file_open(AT_FDCWD, operands->items[0], err);
	enum blob_outcome outcome;
	struct store *store;

	(void)values;
	if (fd < 0 || open_place(context, operands->items[1], REPOSITORY_WRITE, &place, err) < 0 ||
	    put_blob_file(place.repository, fd, "application/octet-stream", &descriptor, &outcome,
			  err) < 0 ||
	    reference_check_digest(&place.location.reference, &descriptor.digest, err) < 0)
		return -1;
	/* Nothing refers to the blob, so a layout would not show it. */
	if (repository_find_store(place.repository, &store, err) < 0)
		return -1;
	if (store && store_commit(store, err) < 0)
		return -1;
	return context_result_image(context, repository_name(place.repository), &descriptor.digest,
				    json_pack("{s:I, s:b}", "size",
					      (json_int_t)descriptor.size_bytes, "present",
					      outcome != BLOB_MOVED),
				    err);
}

static const struct command cmd_get = {
	.name = "get",
	.summary = "verify a blob and write it to standard output",
	.usage = "REPOSITORY@DIGEST",
	.groups = OPTIONS_NETWORK,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_get,
};

static const struct command cmd_put = {
	.name = "put",
	.summary = "upload a file as a blob",
	.usage = "FILE REPOSITORY",
	.groups = OPTIONS_NETWORK,
	.operands_min = 2,
	.operands_max = 2,
	.run = run_put,
};

static const struct command cmd_head = {
	.name = "head",
	.summary = "check whether a blob is present, and print its size",
	.usage = "REPOSITORY@DIGEST",
	.groups = OPTIONS_NETWORK,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_head,
};

const struct command cmd_blob = {
	.name = "blob",
	.summary = "download, upload or check single blobs",
	.subcommands = (const struct command *const[]){ &cmd_get, &cmd_put, &cmd_head, NULL },
};
