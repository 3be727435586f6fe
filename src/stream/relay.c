/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/relay.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "stream/body.h"

/*
 *     0 ...... first ...... reader ...... end ...... size
 *                [  buffered           )
 */
struct relay {
	struct body body; /* the body of the arriving bytes */
	struct source_flow flow;
	struct digest digest;
	uint64_t size_bytes;
	const struct relay_arrival *arrival;
	void *context;
	struct hasher *hasher; /* of the bytes before `end` */
	char *buffer;
	size_t capacity;
	uint64_t first;
	uint64_t end;
	uint64_t reader;   /* the current arrival was asked for from here */
	uint64_t repeated; /* bytes of this response that were received */
	bool is_arriving;
	bool starts_over; /* set as soon as the arrival has ended */
	bool is_abandoned;
	struct error *failure; /* for the next read */
};

static struct relay *
relay_of(const struct body *body)
{
	return (struct relay *)(uintptr_t)body;
}

static struct relay *
relay_of_flow(const struct source_flow *flow)
{
	uintptr_t address = (uintptr_t)flow - offsetof(struct relay, flow);

	return (struct relay *)address;
}

static bool
is_unwanted(const struct relay *relay)
{
	return relay->starts_over || relay->is_abandoned;
}

static int
refuse_unwanted(struct error **err)
{
	return error_set(err, ERROR_FAILURE, "the receiver has stopped");
}

static struct body_range
relay_wanted(const struct body *body)
{
	const struct relay *relay = relay_of(body);

	return (struct body_range){ relay->end, relay->size_bytes, relay->size_bytes };
}

static int
relay_begin(struct body *body, uint64_t offset, struct error **err)
{
	struct relay *relay = relay_of(body);

	if (is_unwanted(relay))
		return refuse_unwanted(err);
	relay->repeated = relay->end - offset;
	return 0;
}

static int
refuse_size(struct error **err)
{
	error_set(err, ERROR_CONTENT, "the received size differs from the announced one");
	return error_set_class(err, CLASS_SIZE);
}

/* The last bytes are passed on only after the digest was checked. */
static int
check_digest(struct relay *relay, struct error **err)
{
	struct digest found = hasher_finish(relay->hasher);

	if (digest_equal(&found, &relay->digest))
		return 0;
	error_set(err, ERROR_CONTENT, "the received content has digest '%s', not '%s'",
		  digest_text(&found).text, digest_text(&relay->digest).text);
	return error_set_class(err, CLASS_DIGEST);
}

/* Drops bytes that were read, as far as memory is needed; grows for a write that is larger than the
 * space it left. */
static void
make_room(struct relay *relay, size_t size)
{
	size_t held = (size_t)(relay->end - relay->first);
	size_t read =
		(size_t)((relay->reader < relay->end ? relay->reader : relay->end) - relay->first);

	if (held + size <= relay->capacity)
		return;
	if (read < held)
		memmove(relay->buffer, relay->buffer + read, held - read);
	relay->first += read;
	held -= read;
	if (held + size <= relay->capacity)
		return;
	relay->capacity = held + size;
	relay->buffer = xrealloc(relay->buffer, relay->capacity);
}

static int
relay_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct relay *relay = relay_of(body);
	size_t had = relay->repeated < size ? (size_t)relay->repeated : size;

	if (is_unwanted(relay))
		return refuse_unwanted(err);
	relay->repeated -= had;
	size -= had;
	if (size == 0)
		return 0;
	bytes = (const char *)bytes + had;
	if (size > relay->size_bytes - relay->end)
		return refuse_size(err);
	hasher_add(relay->hasher, bytes, size);
	if (relay->end + size == relay->size_bytes && check_digest(relay, err) < 0)
		return -1;
	make_room(relay, size);
	memcpy(relay->buffer + (relay->end - relay->first), bytes, size);
	relay->end += size;
	return 0;
}

static int
relay_end(struct body *body, struct error **err)
{
	const struct relay *relay = relay_of(body);

	if (is_unwanted(relay))
		return refuse_unwanted(err);
	return relay->end == relay->size_bytes ? 0 : refuse_size(err);
}

static bool
relay_has_room(const struct body *body)
{
	const struct relay *relay = relay_of(body);

	return is_unwanted(relay) || relay->end < relay->reader + RELAY_BUFFER_BYTES;
}

/* Makes the content arrive anew: now, or as soon as the present arrival has ended. */
static int
start_over(struct relay *relay, struct error **err)
{
	if (relay->is_arriving) {
		relay->starts_over = true;
		return 0;
	}
	hasher_reset(relay->hasher);
	relay->first = 0;
	relay->end = 0;
	relay->starts_over = false;
	if (relay->arrival->start(relay->context, &relay->body, err) < 0)
		return -1;
	relay->is_arriving = true;
	return 0;
}

static int
relay_read(struct source_flow *flow, uint64_t at_bytes, void *bytes, size_t size, size_t *ret_size,
	   struct error **err)
{
	struct relay *relay = relay_of_flow(flow);
	bool is_held = at_bytes >= relay->first && at_bytes < relay->end && !relay->starts_over;

	relay->reader = at_bytes;
	if (relay->failure)
		return error_pass(err, TAKE_PTR(relay->failure));
	*ret_size = 0;
	if (is_held) {
		uint64_t left = relay->end - at_bytes;

		*ret_size = size < left ? size : (size_t)left;
		memcpy(bytes, relay->buffer + (at_bytes - relay->first), *ret_size);
		return 0;
	}
	if (at_bytes < relay->first || !relay->is_arriving)
		return start_over(relay, err);
	return 0;
}

static bool
relay_is_ready(const struct source_flow *flow)
{
	const struct relay *relay = relay_of_flow(flow);

	return relay->failure || (relay->end > relay->reader && !relay->starts_over);
}

struct relay *
relay_new(const struct digest *digest, uint64_t size_bytes, const struct relay_arrival *arrival,
	  void *context)
{
	static const struct body_ops ops = {
		.wanted = relay_wanted,
		.begin = relay_begin,
		.write = relay_write,
		.end = relay_end,
		.has_room = relay_has_room,
	};
	struct relay *relay = XNEW(struct relay);

	relay->body.ops = &ops;
	relay->flow = (struct source_flow){ .read = relay_read, .is_ready = relay_is_ready };
	relay->digest = *digest;
	relay->size_bytes = size_bytes;
	relay->arrival = arrival;
	relay->context = context;
	relay->hasher = hasher_new(digest->algorithm);
	return relay;
}

struct source
relay_source(struct relay *relay)
{
	return (struct source){ .flow = &relay->flow, .fd = -1, .size_bytes = relay->size_bytes };
}

void
relay_arrived(struct relay *relay, struct error *failure)
{
	relay->is_arriving = false;
	if (is_unwanted(relay)) {
		error_free(TAKE_PTR(failure));
		if (!relay->is_abandoned)
			(void)start_over(relay, &failure);
	}
	if (failure)
		relay->end = relay->first; /* no more of it is passed on */
	error_free(relay->failure);
	relay->failure = failure;
}

void
relay_abandon(struct relay *relay)
{
	relay->is_abandoned = true;
	if (relay->is_arriving && relay->arrival->cancel(relay->context))
		relay->is_arriving = false;
}

bool
relay_is_arriving(const struct relay *relay)
{
	return relay->is_arriving;
}

void
relay_free(struct relay *relay)
{
	if (!relay)
		return;
	hasher_free(relay->hasher);
	error_free(relay->failure);
	free(relay->buffer);
	free(relay);
}
