/* SPDX-License-Identifier: Apache-2.0 */
/* in_image_room.h - each test of a file in an image_room of its own, which is empty: `room` */
#ifndef OCIFP_TESTS_IN_IMAGE_ROOM_H
#define OCIFP_TESTS_IN_IMAGE_ROOM_H

#include "image_room.h"

static struct image_room *room;

static int
open_room(void **state)
{
	(void)state;
	room = image_room_new();
	return 0;
}

static int
close_room(void **state)
{
	(void)state;
	image_room_free(room);
	return 0;
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

#endif
