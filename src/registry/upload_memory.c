#include "registry/upload_memory.h"

#include "base/limits.h"

void
upload_memory_init(struct upload_memory *memory)
{
	*memory = (struct upload_memory){
		.whole_limit_bytes = UINT64_MAX,
		.chunk_limit_bytes = UPLOAD_CHUNK_BYTES,
	};
}

bool
upload_memory_try_single(struct upload_memory *memory, uint64_t size_bytes)
{
	if (size_bytes == 0 || size_bytes > SINGLE_POST_LIMIT_BYTES || !memory->has_opened ||
	    memory->single_post == SINGLE_POST_REFUSED)
		return false;
	/* Until the answer is there, the others go the usual way. */
	if (memory->single_post == SINGLE_POST_UNTRIED)
		memory->single_post = SINGLE_POST_REFUSED;
	return true;
}

void
upload_memory_note_single(struct upload_memory *memory)
{
	memory->single_post = SINGLE_POST_TAKEN;
}

static uint64_t
next_smaller(uint64_t refused_bytes)
{
	uint64_t size_bytes = UPLOAD_CHUNK_BYTES;

	while (size_bytes >= refused_bytes && size_bytes > 0)
		size_bytes /= 4;
	return size_bytes;
}

static bool
shrink_chunks(struct upload_memory *memory, uint64_t refused_bytes, uint64_t stated_bytes)
{
	bool is_stated = stated_bytes > 0 && stated_bytes < refused_bytes;
	uint64_t limit_bytes = is_stated ? stated_bytes : next_smaller(refused_bytes);

	/* Another upload may have met the limit meanwhile. */
	if (memory->chunk_limit_bytes < refused_bytes && !is_stated)
		return true;
	if (limit_bytes < UPLOAD_CHUNK_FLOOR_BYTES)
		return false;
	if (limit_bytes < memory->chunk_limit_bytes)
		memory->chunk_limit_bytes = limit_bytes;
	return true;
}

bool
upload_memory_refuse_whole(struct upload_memory *memory, int status, uint64_t size_bytes,
			   uint64_t stated_bytes)
{
	if (status == 405) {
		memory->whole_limit_bytes = 0;
		return size_bytes > 0;
	}
	if (!shrink_chunks(memory, size_bytes, stated_bytes))
		return false;
	if (memory->chunk_limit_bytes < memory->whole_limit_bytes)
		memory->whole_limit_bytes = memory->chunk_limit_bytes;
	return true;
}

bool
upload_memory_refuse_chunk(struct upload_memory *memory, uint64_t size_bytes, uint64_t stated_bytes)
{
	if (!shrink_chunks(memory, size_bytes, stated_bytes))
		return false;
	/* Who limits the bodies of all requests is met by the whole blob first. */
	if (memory->whole_limit_bytes < UINT64_MAX &&
	    memory->chunk_limit_bytes < memory->whole_limit_bytes)
		memory->whole_limit_bytes = memory->chunk_limit_bytes;
	return true;
}
