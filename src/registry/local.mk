noinst_LIBRARIES += %D%/libregistry.a
%C%_libregistry_a_SOURCES = \
	%D%/answer.c %D%/answer.h \
	%D%/auth_file.c %D%/auth_file.h \
	%D%/auth_file_write.c \
	%D%/auth_places.c %D%/auth_places.h \
	%D%/credential_store.c \
	%D%/credentials.c %D%/credentials.h \
	%D%/helper.c %D%/helper.h \
	%D%/presence.c %D%/presence.h \
	%D%/problem.c %D%/problem.h \
	%D%/registry.c %D%/registry.h \
	%D%/secret.c %D%/secret.h

registry_libs = src/registry/libregistry.a $(http_libs)
