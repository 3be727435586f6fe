/* SPDX-License-Identifier: Apache-2.0 */
#include "repository/session.h"

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"

struct session {
	struct session_options options;
	struct engine *engine;
	struct registry *registry;
	struct store *store;
};

struct session *
session_new(const struct session_options *options)
{
	struct session *session = XNEW(struct session);

	session->options = *options;
	session->options.engine.observer = options->observer;
	return session;
}

const struct session_options *
session_options(const struct session *session)
{
	return &session->options;
}

struct observer *
session_observer(const struct session *session)
{
	return session->options.observer;
}

struct engine *
session_engine(struct session *session, struct error **err)
{
	if (!session->engine)
		session->engine = engine_new(&session->options.engine, err);
	return session->engine;
}

struct registry *
session_registry(struct session *session, struct error **err)
{
	if (!session->registry && session_engine(session, err))
		session->registry = registry_new(session->engine, &session->options.registry, err);
	return session->registry;
}

struct store_options
session_store_options(const struct session *session)
{
	return (struct store_options){
		.lock_timeout_ms = session->options.lock_timeout_ms,
		.observer = session->options.observer,
	};
}

struct store *
session_store(struct session *session, struct error **err)
{
	struct store_options options = session_store_options(session);

	if (!session->store)
		session->store = store_open_own(session->options.store_path, &options, err);
	return session->store;
}

struct store *
session_find_store(struct session *session)
{
	AUTO_ERROR struct error *unusable = NULL;
	struct store *store = session_store(session, &unusable);

	if (!store)
		observer_tell(session->options.observer, EVENT_TRACE, "the store is not used: %s",
			      error_text(unusable));
	return store;
}

void
session_free(struct session *session)
{
	if (!session)
		return;
	registry_free(session->registry);
	engine_free(session->engine);
	store_free(session->store);
	free(session);
}
