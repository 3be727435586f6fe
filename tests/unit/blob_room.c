/* SPDX-License-Identifier: Apache-2.0 */
#include "blob_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "http/engine.h"
#include "stream/source.h"

void
on_end(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct ending *ending = context;

	assert_false(ending->has_ended);
	*ending = (struct ending){ true, outcome, failure };
}

void
drive(struct room *room, struct blob_job *job, struct ending *ending)
{
	AUTO_ERROR struct error *err = NULL;

	assert_non_null(job);
	while (!ending->has_ended)
		assert_int_equal(engine_step(room->engine, NULL, 1000, &err), 0);
	blob_job_free(job);
}

void
put(struct room *room, const char *mount_from, struct ending *ending)
{
	struct source source = source_of_bytes(BLOB, strlen(BLOB));
	struct blob_upload upload = {
		.digest = digest_of(DIGEST_SHA256, BLOB, strlen(BLOB)),
		.size_bytes = strlen(BLOB),
		.source = &source,
		.mount_from = mount_from,
	};
	AUTO_ERROR struct error *err = NULL;

	*ending = (struct ending){ 0 };
	if (!room->registry)
		room_start(room);
	drive(room, registry_put_blob(room->endpoint, &upload, on_end, ending, &err), ending);
}

void
assert_put(struct room *room, const char *mount_from, enum blob_outcome outcome)
{
	struct ending ending;

	put(room, mount_from, &ending);
	if (ending.failure)
		fail_msg("%s", error_text(ending.failure));
	assert_int_equal(ending.outcome, outcome);
}

void
assert_not_put(struct room *room, enum error_kind kind, const char *class_name)
{
	struct ending ending;
	AUTO_ERROR struct error *failure = NULL;

	put(room, NULL, &ending);
	failure = ending.failure;
	assert_non_null(failure);
	if (error_kind(failure) != kind)
		fail_msg("%s", error_text(failure));
	if (class_name)
		assert_string_equal(error_class(failure), class_name);
}

void
start_afresh(struct room *room)
{
	if (room->registry)
		room_rerun(room);
	else
		room_start(room);
}
