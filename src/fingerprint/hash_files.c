/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/hash_files.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "fingerprint/hash_file.h"
#include "fingerprint/input_files.h"

struct work {
	int dir_fd;
	struct input_files *files;
	struct stat_cache *cache;
	atomic_size_t next;
	atomic_bool failed;
	pthread_mutex_t lock; /* of what follows */
	size_t failed_index;
	struct error *error;
};

struct share {
	struct job job; /* first, so that a job is its share */
	struct work *work;
};

static void
note_failure(struct work *work, size_t index, struct error *error)
{
	pthread_mutex_lock(&work->lock);
	if (!work->error || index < work->failed_index) {
		error_free(work->error);
		work->error = error;
		work->failed_index = index;
	} else {
		error_free(error);
	}
	pthread_mutex_unlock(&work->lock);
	atomic_store(&work->failed, true);
}

/* Files are claimed in order, so all files before a failed one are claimed and will be read. */
static void
hash_share(struct work *work)
{
	AUTO_FILE_HASHER struct file_hasher hasher = { .dir_fd = -1 };

	file_hasher_init(&hasher, work->dir_fd, true);
	hasher.cache = work->cache;
	while (!atomic_load(&work->failed)) {
		size_t index = atomic_fetch_add(&work->next, 1);
		struct error *error = NULL;

		if (index >= work->files->count)
			return;
		hasher.index = index;
		if (hash_file(&hasher, &work->files->items[index], &error) < 0)
			return note_failure(work, index, error);
	}
}

static void
run_share(struct job *job)
{
	hash_share(((struct share *)job)->work);
}

/* Each thread takes files until none is left. */
static int
run_shares(struct work *work, unsigned thread_count, struct error **err)
{
	struct share shares[HASH_THREADS_LIMIT_COUNT];
	struct workers *workers = workers_new(thread_count, err);

	if (!workers)
		return -1;
	for (unsigned i = 0; i < thread_count; i++) {
		shares[i] = (struct share){ .job.run = run_share, .work = work };
		workers_queue(workers, &shares[i].job);
	}
	workers_free(workers);
	return 0;
}

int
hash_files(int dir_fd, struct input_files *files, struct stat_cache *cache, struct error **err)
{
	struct work work = { .dir_fd = dir_fd, .files = files, .cache = cache };
	unsigned thread_count = workers_count(
		files->count < HASH_THREADS_LIMIT_COUNT ? files->count : HASH_THREADS_LIMIT_COUNT);
	int result = 0;

	pthread_mutex_init(&work.lock, NULL);
	if (thread_count > 1)
		result = run_shares(&work, thread_count, err);
	else
		hash_share(&work);
	pthread_mutex_destroy(&work.lock);
	if (result == 0 && work.error)
		return error_pass(err, work.error);
	return result;
}
