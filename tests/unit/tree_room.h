/* SPDX-License-Identifier: Apache-2.0 */
/* tree_room.h - an empty directory of a test's own, made and filled by the shell */
#ifndef OCIFP_TESTS_TREE_ROOM_H
#define OCIFP_TESTS_TREE_ROOM_H

/* cmocka fixtures: the test is in the directory; what blocks is killed. */
int enter_tree(void **state);
int leave_tree(void **state);

/* By /bin/sh -ec with umask 022; must succeed. */
void shell(const char *script);

#endif
