/* spawn_feed.h - the three streams of a child, moved at once
 *
 * A child that waits for its output to be read must not wait for us to write its input, nor the
 * other way round.
 */
#ifndef OCIFP_BASE_SPAWN_FEED_H
#define OCIFP_BASE_SPAWN_FEED_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

/* Our ends of the pipes; -1: no pipe, or done. */
struct feed {
	int input_fd;
	int output_fd;
	int messages_fd;
	const char *input;
	size_t input_left_bytes;
	struct buf *output;
	struct buf *messages;
};

#define FEED_INIT(input_, input_bytes_, output_, messages_) \
	((struct feed){ .input_fd = -1, \
			.output_fd = -1, \
			.messages_fd = -1, \
			.input = (input_), \
			.input_left_bytes = (input_bytes_), \
			.output = (output_), \
			.messages = (messages_) })

/* Makes our ends non-blocking. */
int feed_prepare(struct feed *feed, struct error **err);

/* Returns 0 when all streams have ended or the deadline has passed.  A child that does not read
 * its input to the end is no error; SIGPIPE does not reach us. */
int feed_run(struct feed *feed, int64_t deadline_ms, struct error **err);

void feed_release(struct feed *feed);

#endif
