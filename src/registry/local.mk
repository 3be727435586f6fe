noinst_LIBRARIES += %D%/libregistry.a
%C%_libregistry_a_SOURCES = \
	%D%/answer.c %D%/answer.h \
	%D%/auth_file.c %D%/auth_file.h \
	%D%/auth_file_write.c \
	%D%/auth_places.c %D%/auth_places.h \
	%D%/blob_find.c \
	%D%/blob_job.h \
	%D%/blobs.c %D%/blobs.h \
	%D%/ci_login.c %D%/ci_login.h \
	%D%/credential_store.c \
	%D%/credentials.c %D%/credentials.h \
	%D%/endpoint.c %D%/endpoint.h \
	%D%/gate.c %D%/gate.h \
	%D%/gate_token.c %D%/gate_token.h \
	%D%/helper.c %D%/helper.h \
	%D%/host.c %D%/host.h \
	%D%/link.c %D%/link.h \
	%D%/kept_files.c %D%/kept_files.h \
	%D%/login.c \
	%D%/manifest_delete.c \
	%D%/manifest_put.c \
	%D%/manifest_url.c %D%/manifest_url.h \
	%D%/manifests.c %D%/manifests.h \
	%D%/packages.c %D%/packages.h %D%/packages_private.h \
	%D%/packages_list.c \
	%D%/presence.c %D%/presence.h \
	%D%/probe.c \
	%D%/problem.c %D%/problem.h \
	%D%/realm.c %D%/realm.h \
	%D%/referrers.c %D%/referrers.h %D%/referrers_private.h \
	%D%/referrers_tag.c \
	%D%/registry.c %D%/registry.h \
	%D%/scope.c %D%/scope.h \
	%D%/secret.c %D%/secret.h \
	%D%/tags.c %D%/tags.h \
	%D%/token_answer.c %D%/token_answer.h \
	%D%/token_cache.c %D%/token_cache.h \
	%D%/token_fetch.c %D%/token_fetch.h \
	%D%/upload/policy.c %D%/upload/policy.h \
	%D%/upload/session.c %D%/upload/session.h \
	%D%/upload/upload.c \
	%D%/waiters.c %D%/waiters.h

registry_libs = src/registry/libregistry.a $(http_libs)
