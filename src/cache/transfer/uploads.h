/* SPDX-License-Identifier: Apache-2.0 */
/* uploads.h - uploads packs to a repository while more are made */
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

/* Uploads a finished blob of the store, now or, if enough are in progress, later.  Once the
 * repository has it, the store drops it. */
void uploads_add(struct uploads *uploads, const struct digest *digest, uint64_t size_bytes);

/* Advances the uploads; waits only if more blobs are queued than the disk should hold.  Returns the
 * first failure. */
int uploads_turn(struct uploads *uploads, struct error **err);

/* Waits for all. */
int uploads_finish(struct uploads *uploads, struct error **err);
bool uploads_has(const struct uploads *uploads, const struct digest *digest);
void uploads_free(struct uploads *uploads); /* cancels uploads in progress */

#endif
