/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file_hash.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/trace.h"
#include "base/workers.h"
#include "base/xalloc.h"

/* `hasher`, `hashed` and `errnum` belong to the job while it is queued, else to the owner. */
struct file_hash {
	struct job job;
	struct workers *workers;
	int fd;
	struct hasher *hasher;
	uint64_t hashed;
	int errnum;
	uint64_t size_bytes;
	uint64_t asked; /* the queued job hashes up to here */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t became_idle;
	bool is_queued;
};

static void
hash_until(struct file_hash *self, uint64_t end)
{
	char bytes[HASH_BUFFER_BYTES];
	int64_t begun_us = self->hashed < end ? trace_now_us() : 0;

	while (self->hashed < end && !self->errnum) {
		uint64_t left = end - self->hashed;
		size_t most = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
		ssize_t got = pread(self->fd, bytes, most, (off_t)self->hashed);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			self->errnum = got < 0 ? errno : EIO;
			return;
		}
		hasher_add(self->hasher, bytes, (size_t)got);
		self->hashed += (uint64_t)got;
	}
	trace_span("hash", 0, begun_us, trace_now_us(), "up to byte %" PRIu64, self->hashed);
}

static void
run(struct job *job)
{
	struct file_hash *self = (struct file_hash *)job;

	hash_until(self, self->asked);
	pthread_mutex_lock(&self->lock);
	self->is_queued = false;
	pthread_cond_signal(&self->became_idle);
	pthread_mutex_unlock(&self->lock);
}

static void
wait_until_idle(struct file_hash *self)
{
	pthread_mutex_lock(&self->lock);
	while (self->is_queued)
		pthread_cond_wait(&self->became_idle, &self->lock);
	pthread_mutex_unlock(&self->lock);
}

struct file_hash *
file_hash_new(enum digest_algorithm algorithm, int fd, struct workers *workers)
{
	struct file_hash *self = XNEW(struct file_hash);

	self->job.run = run;
	self->workers = workers;
	self->fd = fd;
	self->hasher = hasher_new(algorithm);
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->became_idle, NULL);
	return self;
}

void
file_hash_grown(struct file_hash *self, uint64_t size_bytes)
{
	bool is_queued;

	self->size_bytes = size_bytes;
	if (!self->workers || size_bytes - self->asked < HASH_BEHIND_BYTES)
		return;
	pthread_mutex_lock(&self->lock);
	is_queued = self->is_queued;
	self->is_queued = true;
	pthread_mutex_unlock(&self->lock);
	if (is_queued)
		return;
	self->asked = size_bytes;
	workers_queue(self->workers, &self->job);
}

int
file_hash_finish(struct file_hash *self, struct digest *ret_digest)
{
	wait_until_idle(self);
	hash_until(self, self->size_bytes);
	if (self->errnum) {
		errno = self->errnum;
		return -1;
	}
	*ret_digest = hasher_finish(self->hasher);
	return 0;
}

void
file_hash_reset(struct file_hash *self)
{
	wait_until_idle(self);
	hasher_reset(self->hasher);
	self->hashed = self->asked = self->size_bytes = 0;
	self->errnum = 0;
}

void
file_hash_free(struct file_hash *self)
{
	if (!self)
		return;
	wait_until_idle(self);
	pthread_cond_destroy(&self->became_idle);
	pthread_mutex_destroy(&self->lock);
	hasher_free(self->hasher);
	free(self);
}
