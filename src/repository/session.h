/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - the engine, registry client and store that one run of the program shares
 *
 * Each is created on first use: a fingerprint initializes no libcurl and opens no store.
 */
#ifndef OCIFP_REPOSITORY_SESSION_H
#define OCIFP_REPOSITORY_SESSION_H

#include <stdint.h>

#include "http/engine.h"
#include "registry/registry.h"
#include "store/store.h"

struct error;
struct observer;
struct session;

struct session_options {
	struct engine_options engine;
	struct registry_options registry;
	const char *store_path;  /* NULL: the user's own store */
	int64_t lock_timeout_ms; /* 0: wait forever */
	struct observer *observer;
};

struct session *session_new(const struct session_options *options); /* borrows the strings */
const struct session_options *session_options(const struct session *session);
struct observer *session_observer(const struct session *session);
struct engine *session_engine(struct session *session, struct error **err);
struct registry *session_registry(struct session *session, struct error **err);
struct store_options session_store_options(const struct session *session);

/* The user's own store. */
struct store *session_store(struct session *session, struct error **err);

/* The same for optional reads: NULL if it cannot be opened. */
struct store *session_find_store(struct session *session);
void session_free(struct session *session);
DEFINE_CLEANUP(struct session, session_free)
#define AUTO_SESSION CLEANUP(session_free_at)

#endif
