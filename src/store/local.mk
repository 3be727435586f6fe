noinst_LIBRARIES += %D%/libstore.a
%C%_libstore_a_SOURCES = \
	%D%/add.c \
	%D%/blobs.c \
	%D%/care.h \
	%D%/commit.c \
	%D%/folder.c %D%/folder.h \
	%D%/ingest.c %D%/ingest.h \
	%D%/layout.c %D%/layout.h \
	%D%/lock.c %D%/lock.h \
	%D%/own_path.c \
	%D%/part.c %D%/part.h \
	%D%/references.c \
	%D%/state.h \
	%D%/store.c %D%/store.h \
	%D%/store_open.c

store_libs = src/store/libstore.a $(oci_libs)
