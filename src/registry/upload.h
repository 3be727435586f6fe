/* upload.h - one blob on its way to a registry, for the files that move it
 *
 *     check --404--> mount --4xx--> open ---202---> [session] ---> whole --201--> done
 *       |              |             ^                ^  |           |
 *       +-200-> done   +-201-> done  | lost     where |  |           | broke off
 *                                    |         it is  |  v           v
 *                                    +--<-- status <--+ chunk...   recheck --200--> done
 *                                              ^         | |         |
 *                                              +--broke--+ +-> commit|
 *                                              +---------<-----------+
 *
 * A small blob may go with its POST.  cancel: the session of an upload that we give up.
 *
 * uploads.c: its life.  upload_steps.c: the request of each step.  upload_answers.c: what the
 * answer means.  upload_session.c: where a session is, lost or taken up again.
 * distribution-spec, "Pushing blobs".
 */
#ifndef OCIFP_REGISTRY_UPLOAD_H
#define OCIFP_REGISTRY_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "http/retry.h"
#include "registry/blob_job.h"

struct error;
struct gate;
struct request;
struct source;

enum upload_step {
	UPLOAD_CHECK,   /* HEAD of the blob */
	UPLOAD_MOUNT,   /* POST that names another repository */
	UPLOAD_OPEN,    /* POST */
	UPLOAD_SINGLE,  /* POST with all bytes */
	UPLOAD_WHOLE,   /* PUT with all bytes */
	UPLOAD_CHUNK,   /* PATCH with some of them */
	UPLOAD_COMMIT,  /* PUT with none */
	UPLOAD_RECHECK, /* HEAD: it may be there all the same */
	UPLOAD_STATUS,  /* GET of the session */
	UPLOAD_CANCEL,  /* DELETE of it */
	UPLOAD_DONE
};

struct upload {
	struct blob_job job;
	enum upload_step step;
	enum blob_outcome outcome; /* once done */
	struct gate *gate;
	const struct source *source;
	char *mount_from; /* NULL: nowhere, or tried */

	char *session_url;          /* NULL: none is open */
	uint64_t chunk_least_bytes; /* OCI-Chunk-Min-Length; 0: any */
	uint64_t taken_bytes;       /* by the session, as far as we know */
	uint64_t end_bytes;         /* of the chunk under way */
	bool doubts_size;           /* a 416 may have meant the chunk's size, or its place */

	struct retry_tally tally; /* of sendings */
	int64_t delay_ms;         /* before the next request */
	bool was_reopened;
	struct error *failure; /* of a sending, until it is known what became of it */
};

/* Return 0 and the next step, or -1: the upload ends with *err. */
int upload_go_on(struct upload *upload, enum upload_step step);
int upload_finish(struct upload *upload, enum blob_outcome outcome);
int upload_start_step(struct upload *upload, struct error **err);
int upload_judge(struct upload *upload, struct request *request, struct error **err);

/* The session has to go before the failure is told, unless the server is the trouble.  Takes the
 * failure. */
int upload_give_up(struct upload *upload, struct error *failure, struct error **err);

/* upload_session.c */
int upload_take_session(struct upload *upload, const struct request *request, struct error **err);
int upload_send(struct upload *upload); /* what the session lacks, in the form that fits */
int upload_judge_chunk(struct upload *upload, struct request *request, struct error **err);
int upload_judge_status(struct upload *upload, struct request *request, struct error **err);

/* A sending ended without an answer, or with one that may pass.  Takes the failure. */
int upload_break_off(struct upload *upload, const struct request *request, struct error *failure,
		     struct error **err);

/* The session is not there any more, or cannot be ended: once, a new one.  Takes the failure. */
int upload_lose_session(struct upload *upload, struct error *failure, struct error **err);

/* The request of the step under way, for uploads.c. */
void upload_on_answer(void *context, struct request *request);

#endif
