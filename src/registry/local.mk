noinst_LIBRARIES += %D%/libregistry.a
%C%_libregistry_a_SOURCES = \
	%D%/answer.c %D%/answer.h \
	%D%/auth/auth_file.c %D%/auth/auth_file.h \
	%D%/auth/auth_file_write.c \
	%D%/auth/auth_places.c %D%/auth/auth_places.h \
	%D%/blob_find.c \
	%D%/blob_job.h \
	%D%/registry_blobs.c %D%/registry_blobs.h \
	%D%/auth/ci_login.c %D%/auth/ci_login.h \
	%D%/auth/credential_store.c \
	%D%/auth/credentials.c %D%/auth/credentials.h \
	%D%/endpoint.c %D%/endpoint.h \
	%D%/auth/scope_auth.c %D%/auth/scope_auth.h \
	%D%/auth/scope_token.c %D%/auth/scope_token.h \
	%D%/auth/credential_helper.c %D%/auth/credential_helper.h \
	%D%/host.c %D%/host.h \
	%D%/link.c %D%/link.h \
	%D%/auth/kept_files.c %D%/auth/kept_files.h \
	%D%/login.c \
	%D%/manifest_delete.c \
	%D%/manifest_put.c \
	%D%/manifest_url.c %D%/manifest_url.h \
	%D%/manifests.c %D%/manifests.h \
	%D%/github/packages.c %D%/github/packages.h %D%/github/packages_private.h \
	%D%/github/packages_list.c \
	%D%/presence.c %D%/presence.h \
	%D%/probe.c \
	%D%/problem.c %D%/problem.h \
	%D%/auth/realm.c %D%/auth/realm.h \
	%D%/referrers.c %D%/referrers.h %D%/referrers_private.h \
	%D%/referrers_tag.c \
	%D%/registry.c %D%/registry.h \
	%D%/auth/token_scope.c %D%/auth/token_scope.h \
	%D%/../base/secret.c %D%/../base/secret.h \
	%D%/tags.c %D%/tags.h \
	%D%/auth/token_answer.c %D%/auth/token_answer.h \
	%D%/auth/token_cache.c %D%/auth/token_cache.h \
	%D%/auth/token_fetch.c %D%/auth/token_fetch.h \
	%D%/upload/policy.c %D%/upload/policy.h \
	%D%/upload/upload_session.c %D%/upload/upload_session.h \
	%D%/upload/upload.c \
	%D%/auth/waiters.c %D%/auth/waiters.h

registry_libs = src/registry/libregistry.a $(http_libs)
