noinst_LIBRARIES += %D%/libstore.a
%C%_libstore_a_SOURCES = \
	%D%/care.c %D%/care.h \
	%D%/file_hash.c %D%/file_hash.h \
	%D%/folder.c %D%/folder.h \
	%D%/ingest.c %D%/ingest.h \
	%D%/layer_trees.c %D%/layer_trees.h \
	%D%/layout.c %D%/layout.h \
	%D%/lock.c %D%/lock.h \
	%D%/reachable.c %D%/reachable.h \
	%D%/references.c \
	%D%/state.h \
	%D%/store.c %D%/store.h \
	%D%/store_blobs.c \
	%D%/uses.c %D%/uses.h

store_libs = src/store/libstore.a $(oci_libs)
