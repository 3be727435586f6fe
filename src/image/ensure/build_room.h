/* build_room.h - a fresh directory in $TMPDIR for what the build command leaves
 *
 *     ocifp-build-XXXXXX/        locked (flock) for as long as it is in use
 *
 * One that nobody has locked was left by a run that was killed; the next run takes it away.
 */
#ifndef OCIFP_IMAGE_ENSURE_BUILD_ROOM_H
#define OCIFP_IMAGE_ENSURE_BUILD_ROOM_H

struct error;

struct build_room {
	char *path; /* absolute; NULL: none, as in a zeroed struct */
	int lock_fd;
};

int build_room_make(struct build_room *ret_room, struct error **err);

/* Removes it with all that is in it. */
void build_room_release(struct build_room *room);

#endif
