/* SPDX-License-Identifier: Apache-2.0 */
/* store_room.h - an empty directory of a test's own, and blobs to put into stores there */
#ifndef OCIFP_TESTS_STORE_ROOM_H
#define OCIFP_TESTS_STORE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "oci/descriptor.h"

struct store;

/* cmocka fixtures: the test is in the directory; what blocks is killed. */
int enter_room(void **state);
int leave_room(void **state);

void put_file(const char *path, const char *text);
void assert_holds(const char *path, const char *text);
bool is_there(const char *path); /* a dangling link too */
mode_t mode_of(const char *path);
void run(const char *script); /* by the shell; must succeed */

void wait_for_children(int count); /* all must exit with 0 */

/* Of `text`, with SHA-256; only digest and size. */
struct descriptor blob_of(const char *text);
char *path_of(const char *store, const char *text); /* "<store>/blobs/sha256/<hex>" */
char *part_of(const char *store, const char *text); /* "<store>/.ocifp/ingest/sha256-<hex>.part" */

/* These must succeed. */
struct store *create_store(const char *path);
struct store *open_store(const char *path);
void add_text(struct store *store, const char *text);
struct descriptor add_manifest(struct store *store, const char *layer, const char *subject);

#endif
