noinst_LIBRARIES += %D%/libregistry.a
%C%_libregistry_a_SOURCES = \
	%D%/answer.c %D%/answer.h \
	%D%/auth/auth_file.c %D%/auth/auth_file.h \
	%D%/auth/ci_login.c %D%/auth/ci_login.h \
	%D%/auth/credential_helper.c %D%/auth/credential_helper.h \
	%D%/auth/credentials.c %D%/auth/credentials.h \
	%D%/auth/realm.c %D%/auth/realm.h \
	%D%/auth/scope_auth.c %D%/auth/scope_auth.h \
	%D%/auth/token_answer.c %D%/auth/token_answer.h \
	%D%/auth/token_cache.c %D%/auth/token_cache.h \
	%D%/auth/token_fetch.c %D%/auth/token_fetch.h \
	%D%/auth/token_scope.c %D%/auth/token_scope.h \
	%D%/blob_job.h \
	%D%/endpoint.c %D%/endpoint.h \
	%D%/github/packages.c %D%/github/packages.h \
	%D%/host.c %D%/host.h \
	%D%/link.c %D%/link.h \
	%D%/login.c \
	%D%/manifests.c %D%/manifests.h \
	%D%/mirror.c %D%/mirror.h \
	%D%/presence.c %D%/presence.h \
	%D%/problem.c %D%/problem.h \
	%D%/referrers.c %D%/referrers.h \
	%D%/registry.c %D%/registry.h \
	%D%/registry_blobs.c %D%/registry_blobs.h \
	%D%/tags.c %D%/tags.h \
	%D%/upload/policy.c %D%/upload/policy.h \
	%D%/upload/upload.c \
	%D%/upload/upload_session.c %D%/upload/upload_session.h

registry_libs = src/registry/libregistry.a $(http_libs)
