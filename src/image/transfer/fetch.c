/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/fetch.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/watched.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "oci/descriptor.h"
#include "repository/local_jobs.h"
#include "repository/repository.h"
#include "store/ingest.h"
#include "store/store.h"
#include "stream/source.h"

enum fetch_state { FETCH_WAITING, FETCH_RUNNING, FETCH_ENDED };

struct fetch_job {
	struct fetch *fetch;
	const struct descriptor *descriptor;
	struct ingest *ingest;
	enum fetch_state state;
	bool planned;
	bool is_gate;
	bool restarted; /* arrived damaged once */
};

struct fetch {
	const struct fetch_options *options;
	struct fetch_job *jobs;
	size_t job_count;
	size_t running_count;
	size_t large_count; /* of these */
	size_t ended_count;
	size_t told_count;     /* of these, told to the hook */
	bool stopped;          /* start no further jobs */
	bool gate_came;        /* the first blob is to be judged */
	struct error *failure; /* the first */
};

/* After the first blob the largest comes first, because it determines when the fetch ends.  Blobs
 * of one size keep the caller's order. */
static int
larger_first(const void *a, const void *b)
{
	bool a_is_gate = ((const struct fetch_job *)a)->is_gate;
	bool b_is_gate = ((const struct fetch_job *)b)->is_gate;
	const struct descriptor *a_blob = ((const struct fetch_job *)a)->descriptor;
	const struct descriptor *b_blob = ((const struct fetch_job *)b)->descriptor;

	if (a_is_gate != b_is_gate)
		return a_is_gate ? -1 : 1;
	if (a_blob->size_bytes != b_blob->size_bytes)
		return a_blob->size_bytes > b_blob->size_bytes ? -1 : 1;
	return (a_blob > b_blob) - (a_blob < b_blob);
}

static bool
is_large(const struct fetch_job *job)
{
	return job->descriptor->size_bytes >= LARGE_BLOB_BYTES;
}

static void
count_running(const struct fetch_job *job, int change)
{
	job->fetch->running_count += change;
	job->fetch->large_count += is_large(job) ? change : 0;
}

static void
end_job(struct fetch_job *job)
{
	struct fetch *fetch = job->fetch;

	ingest_free(TAKE_PTR(job->ingest));
	if (job->state == FETCH_RUNNING)
		count_running(job, -1);
	job->state = FETCH_ENDED;
	fetch->ended_count++;
}

static void
fail_job(struct fetch_job *job, struct error *failure)
{
	struct fetch *fetch = job->fetch;

	/* A full disk or a refused login fails the other blobs too; a missing blob does not. */
	if (!error_is(failure, ERROR_UNAVAILABLE) && !error_is(failure, ERROR_CONTENT))
		fetch->stopped = true;
	if (fetch->failure)
		error_free(failure);
	else
		fetch->failure = failure;
	end_job(job);
}

static void
end_well(struct fetch_job *job, enum event_kind kind)
{
	observer_blob(job->fetch->options->observer, kind,
		      digest_text(&job->descriptor->digest).text, job->descriptor->size_bytes);
	job->fetch->gate_came |= job->is_gate;
	end_job(job);
}

static int request_blob(struct fetch_job *job, struct error **err);

static void
blob_ended(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct fetch_job *job = context;

	(void)outcome;
	if (failure && content_came_damaged(failure) && !job->restarted) {
		job->restarted = true;
		observer_tell(job->fetch->options->observer, EVENT_RETRY, "%s",
			      error_text(failure));
		error_free(TAKE_PTR(failure));
		if (request_blob(job, &failure) == 0)
			return;
	}
	if (failure)
		fail_job(job, failure);
	else
		end_well(job, EVENT_FINISHED);
}

static int
request_blob(struct fetch_job *job, struct error **err)
{
	return repository_get_blob(job->fetch->options->repository, job->descriptor,
				   ingest_body(job->ingest), blob_ended, job, err);
}

/* Copies from the other local store, which costs no request. */
static bool
copy_blob(struct fetch_job *job)
{
	const struct digest *digest = &job->descriptor->digest;
	struct store *local_store = job->fetch->options->local_store;
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_CLOSE int fd = -1;
	struct source source;
	uint64_t size_bytes;

	if (!local_store || !store_has(local_store, digest, job->descriptor->size_bytes))
		return false;
	fd = store_open_blob(local_store, digest, &size_bytes, &ignored);
	if (fd < 0)
		return false;
	source = source_of_fd(fd, size_bytes);
	return copy_source(&source, ingest_body(job->ingest), NULL, digest, &ignored) == 0;
}

static void
run_job(struct fetch_job *job)
{
	struct error *failure = NULL;

	if (copy_blob(job)) {
		end_well(job, EVENT_REUSED);
		return;
	}
	if (!job->planned) {
		const struct digest_text digest = digest_text(&job->descriptor->digest);
		uint64_t reused_bytes = ingest_reused_bytes(job->ingest);

		observer_hear(job->fetch->options->observer,
			      &(struct event){ .kind = EVENT_PLANNED,
					       .text = digest.text,
					       .bytes = job->descriptor->size_bytes - reused_bytes,
					       .at_bytes = reused_bytes });
	}
	job->planned = true;
	if (request_blob(job, &failure) < 0)
		fail_job(job, failure);
}

static void
start_job(struct fetch_job *job)
{
	struct fetch *fetch = job->fetch;
	struct error *failure = NULL;
	enum ingest_state state;

	if (ingest_open(fetch->options->store, job->descriptor, &state, &job->ingest, &failure) <
	    0) {
		fail_job(job, failure);
		return;
	}
	if (state == INGEST_PRESENT)
		end_well(job, EVENT_REUSED);
	if (state != INGEST_OPEN)
		return;
	if (fetch->options->is_passing)
		ingest_set_passing(job->ingest);
	job->state = FETCH_RUNNING;
	count_running(job, 1);
	run_job(job);
}

static bool
may_start(const struct fetch_job *job)
{
	const struct fetch *fetch = job->fetch;

	return job->state == FETCH_WAITING && !fetch->stopped &&
	       fetch->running_count < TRANSFERS_LIMIT_COUNT &&
	       (!is_large(job) || fetch->large_count < LARGE_TRANSFERS_LIMIT_COUNT);
}

/* Starts jobs in their order. */
static size_t
may_begin_count(const struct fetch *fetch)
{
	const struct fetch_hook *hook = fetch->options->hook;
	bool is_limited = hook && hook->begin_limit > 0 && hook->begin_limit < fetch->job_count;

	return is_limited ? hook->begin_limit : fetch->job_count;
}

/* After a failure the hook gets no more turns, so blobs that it holds back never start. */
static bool
has_work(const struct fetch *fetch)
{
	size_t count = fetch->failure ? may_begin_count(fetch) : fetch->job_count;

	return fetch->stopped ? fetch->running_count > 0 : fetch->ended_count < count;
}

/* Starts no further blobs of an image that cannot be completed. */
static int
call_hook(struct fetch *fetch, struct watched *ret_watched, struct error **err)
{
	struct fetch_hook *hook = fetch->options->hook;
	bool more = fetch->told_count < fetch->ended_count;

	ret_watched->count = 0;
	if (!hook || fetch->failure)
		return 0;
	fetch->told_count = fetch->ended_count;
	hook->has_failed = hook->turn(hook->context, more, err) < 0;
	if (hook->has_failed)
		return -1;
	hook->watch(hook->context, ret_watched);
	return 0;
}

static int
judge_gate(struct fetch *fetch, struct error **err)
{
	const struct fetch_gate *gate = fetch->options->gate;

	if (!fetch->gate_came)
		return 0;
	fetch->gate_came = false;
	return gate->judge(gate->context, err);
}

static int
run_jobs(struct fetch *fetch, struct error **err)
{
	struct watched watched;

	while (has_work(fetch)) {
		for (size_t i = 0; i < may_begin_count(fetch); i++)
			if (may_start(&fetch->jobs[i]))
				start_job(&fetch->jobs[i]);
		if (judge_gate(fetch, err) < 0)
			return -1;
		if (call_hook(fetch, &watched, err) < 0)
			return -1;
		/* A blob that another process fetches is checked again after a step. */
		if (has_work(fetch) &&
		    repository_step(fetch->options->repository, &watched, 200, err) < 0)
			return -1;
	}
	return judge_gate(fetch, err);
}

static void
fetch_release(struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->job_count; i++)
		ingest_free(fetch->jobs[i].ingest);
	free(fetch->jobs);
	error_free(fetch->failure);
}

/* Ends the jobs of blobs that are there, but where a hook counts on its turn after each; and
 * refuses a download that would fill the disk.  ERROR_LOCAL, class "space". */
static int
find_missing(struct fetch *fetch, struct error **err)
{
	const struct fetch_options *options = fetch->options;
	struct store *store = options->store;
	uint64_t missing_bytes = 0;
	uint64_t held_bytes = 0;

	for (size_t i = 0; i < fetch->job_count; i++) {
		const struct descriptor *blob = fetch->jobs[i].descriptor;

		if (store_has(store, &blob->digest, blob->size_bytes)) {
			if (!options->hook)
				end_well(&fetch->jobs[i], EVENT_REUSED);
			continue;
		}
		if (blob->size_bytes > INT64_MAX - missing_bytes) {
			error_set(err, ERROR_CONTENT, "the sum of the blobs' sizes overflows");
			return error_set_class(err, CLASS_SIZE);
		}
		missing_bytes += blob->size_bytes;
		held_bytes += i < may_begin_count(fetch) ? blob->size_bytes : 0;
		observer_blob(options->observer, EVENT_EXPECTED, digest_text(&blob->digest).text,
			      blob->size_bytes);
	}
	return held_bytes > 0 ? store_space_check(store, held_bytes, err) : 0;
}

int
fetch_blobs(const struct fetch_options *options, const struct descriptors *blobs,
	    struct error **err)
{
	CLEANUP(fetch_release) struct fetch fetch = { .options = options };
	const struct digest empty = digest_of(DIGEST_SHA256, "{}", 2);

	/* The config of most artifacts is known without a request. */
	if (descriptors_has(blobs, &empty) && store_add(options->store, &empty, "{}", 2, err) < 0)
		return -1;
	fetch.jobs = xcalloc(blobs->count + 1, sizeof(*fetch.jobs));
	fetch.job_count = blobs->count;
	for (size_t i = 0; i < blobs->count; i++)
		fetch.jobs[i] = (struct fetch_job){
			.fetch = &fetch,
			.descriptor = &blobs->items[i],
			.is_gate = fetch.options->gate && digest_equal(&fetch.options->gate->digest,
								       &blobs->items[i].digest),
		};
	qsort(fetch.jobs, fetch.job_count, sizeof(*fetch.jobs), larger_first);
	observer_phase(options->observer, EVENT_BEGUN,
		       repository_is_local(options->repository) ? PHASE_COPY : PHASE_DOWNLOAD);
	if (find_missing(&fetch, err) < 0 || run_jobs(&fetch, err) < 0)
		return -1;
	if (!fetch.failure)
		return 0;
	return error_pass(err, TAKE_PTR(fetch.failure));
}

/* Reads the existing blob, and puts it aside if it is damaged. */
static int
add_document(void *context, const struct image_node *node, struct error **err)
{
	AUTO_BUF struct buf there = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *rotten = NULL;
	bool found = false;

	if (store_read(context, &node->descriptor.digest, &there, &found, &rotten) == 0 && found)
		return 0;
	return store_add(context, &node->descriptor.digest, node->bytes.data, node->bytes.size,
			 err);
}

/* The number of layers must match the config; artifacts have no such config. */
static int
check_config(void *context, const struct image_node *node, struct error **err)
{
	const struct fetch_options *options = context;
	struct content content = { .repository = options->repository, .cache = options->store };
	AUTO_CONFIG struct image_config config = { 0 };

	if (node->kind != DOCUMENT_MANIFEST ||
	    !media_type_is_config(node->manifest.config.media_type) ||
	    (node->descriptor.has_platform && platform_is_unknown(&node->descriptor.platform)))
		return 0;
	if (content_get_config(&content, &node->manifest, &config, err) < 0 ||
	    image_config_check_layers(&config, node->manifest.layers.count, err) < 0)
		return error_wrap(err, "manifest '%s'", digest_text(&node->descriptor.digest).text);
	return 0;
}

int
fetch_tree(const struct fetch_options *options, const struct image_node *root, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors blobs = { 0 };
	AUTO_ERROR struct error *commit_failure = NULL;
	struct fetch_options asked = *options;

	image_tree_blobs(root, &blobs);
	if (fetch_blobs(options, &blobs, err) < 0 ||
	    image_tree_walk(root, check_config, &asked, err) < 0) {
		(void)store_commit(options->store, &commit_failure);
		return -1;
	}
	return image_tree_walk(root, add_document, options->store, err);
}
