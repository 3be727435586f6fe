noinst_LIBRARIES += %D%/librepository.a
%C%_librepository_a_SOURCES = \
	%D%/backend.h \
	%D%/holdings.c \
	%D%/local_jobs.c %D%/local_jobs.h \
	%D%/repository.c %D%/repository.h \
	%D%/repository_archive.c \
	%D%/repository_layout.c \
	%D%/repository_registry.c \
	%D%/session.c %D%/session.h

repository_libs = \
	src/repository/librepository.a \
	src/archive/libarchive_image.a \
	src/store/libstore.a \
	src/layer/liblayer.a \
	src/sandbox/libsandbox.a \
	$(registry_libs)
