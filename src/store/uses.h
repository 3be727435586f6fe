/* SPDX-License-Identifier: Apache-2.0 */
/* uses.h - when a reference of the user's own store was created and last used
 *
 *     .ocifp/used/<SHA-256 of the name>
 *     its time: the last use; its text: the time of creation, in seconds since 1970
 *
 * Best effort: on a full disk or a read-only file system nothing is noted, and gc may remove a
 * local build earlier than it should.  Other layouts have no such files.
 */
#ifndef OCIFP_STORE_USES_H
#define OCIFP_STORE_USES_H

#include <stdbool.h>
#include <stdint.h>

struct store;

struct use {
	int64_t since_s; /* 0: not known */
	int64_t last_s;  /* 0: no use was noted yet */
};

void use_note(const struct store *store, const char *name);
void use_begin(const struct store *store, const char *name); /* of a new reference */
struct use use_find(const struct store *store, const char *name);
void use_forget(const struct store *store, const char *name);

#endif
