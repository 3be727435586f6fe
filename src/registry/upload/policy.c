/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upload/policy.h"

#include "base/limits.h"

void
upload_policy_init(struct upload_policy *policy)
{
	*policy = (struct upload_policy){
		.whole_limit_bytes = UINT64_MAX,
		.chunk_limit_bytes = UPLOAD_CHUNK_BYTES,
	};
}

bool
upload_policy_try_single(struct upload_policy *policy, uint64_t size_bytes)
{
	if (size_bytes == 0 || size_bytes > SINGLE_POST_LIMIT_BYTES || !policy->has_opened ||
	    policy->single_post == SINGLE_POST_REFUSED)
		return false;
	/* Until this one is answered, other blobs open a session. */
	if (policy->single_post == SINGLE_POST_UNTRIED)
		policy->single_post = SINGLE_POST_REFUSED;
	return true;
}

void
upload_policy_note_single(struct upload_policy *policy)
{
	policy->single_post = SINGLE_POST_TAKEN;
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
shrink_chunks(struct upload_policy *policy, uint64_t refused_bytes, uint64_t stated_bytes)
{
	bool is_stated = stated_bytes > 0 && stated_bytes < refused_bytes;
	uint64_t limit_bytes = is_stated ? stated_bytes : next_smaller(refused_bytes);

	/* Another upload may have lowered the limit already. */
	if (policy->chunk_limit_bytes < refused_bytes && !is_stated)
		return true;
	if (limit_bytes < UPLOAD_CHUNK_FLOOR_BYTES)
		return false;
	if (limit_bytes < policy->chunk_limit_bytes)
		policy->chunk_limit_bytes = limit_bytes;
	return true;
}

bool
upload_policy_refuse_whole(struct upload_policy *policy, int status, uint64_t size_bytes,
			   uint64_t stated_bytes)
{
	if (status == 405) {
		policy->whole_limit_bytes = 0;
		return size_bytes > 0;
	}
	if (!shrink_chunks(policy, size_bytes, stated_bytes))
		return false;
	if (policy->chunk_limit_bytes < policy->whole_limit_bytes)
		policy->whole_limit_bytes = policy->chunk_limit_bytes;
	return true;
}

bool
upload_policy_refuse_chunk(struct upload_policy *policy, uint64_t size_bytes, uint64_t stated_bytes)
{
	if (!shrink_chunks(policy, size_bytes, stated_bytes))
		return false;
	/* A proxy that limits all bodies refuses the next whole blob too. */
	if (policy->whole_limit_bytes < UINT64_MAX &&
	    policy->chunk_limit_bytes < policy->whole_limit_bytes)
		policy->whole_limit_bytes = policy->chunk_limit_bytes;
	return true;
}
