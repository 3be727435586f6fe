/* SPDX-License-Identifier: Apache-2.0 */
/* uploads.h - packs on their way to a repository while more are made */
#ifndef OCIFP_CACHE_TRANSFER_UPLOADS_H
#define OCIFP_CACHE_TRANSFER_UPLOADS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct error;
struct observer;
struct repository;
struct store;
struct uploads;

/* All are borrowed. */
struct uploads *uploads_new(struct repository *repository, struct store *store,
			    struct observer *observer);

/* A finished blob of the store, begun at once or, when enough are under way, later.  Once the
 * repository has it, the store forgets it. */
void uploads_add(struct uploads *uploads, const struct digest *digest, uint64_t size_bytes);

/* Moves what can be moved, and waits only while more blobs are to be begun than the disk should
 * hold.  The first failure. */
int uploads_turn(struct uploads *uploads, struct error **err);

/* Waits for all. */
int uploads_finish(struct uploads *uploads, struct error **err);
bool uploads_has(const struct uploads *uploads, const struct digest *digest);
void uploads_free(struct uploads *uploads); /* cancels what is under way */

#endif
