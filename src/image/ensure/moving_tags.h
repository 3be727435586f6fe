/* SPDX-License-Identifier: Apache-2.0 */
/* moving_tags.h - the tags that a project keeps on its newest image: `tags` of the project file
 *
 *     a job of push_refs? --> the branch's head still? --> PUT each tag that names another image
 *
 * This also happens when nothing was built: a revert moves the tags back.  A late job of an old
 * commit moves none.
 */
#ifndef OCIFP_IMAGE_ENSURE_MOVING_TAGS_H
#define OCIFP_IMAGE_ENSURE_MOVING_TAGS_H

struct digest;
struct error;
struct session;
struct target;

/* `digest` is at the target's own place.  Does nothing for a target that is not of a project or
 * without `tags`, and in a job that does not keep them. */
int moving_tags_keep(struct session *session, const struct target *target,
		     const struct digest *digest, struct error **err);

#endif
