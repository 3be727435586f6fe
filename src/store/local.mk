noinst_LIBRARIES += %D%/libstore.a
%C%_libstore_a_SOURCES = \
	%D%/add.c \
	%D%/store_blobs.c \
	%D%/care.h \
	%D%/check.h \
	%D%/check_blobs.c \
	%D%/check_references.c \
	%D%/commit.c \
	%D%/digest_set.c %D%/digest_set.h \
	%D%/file_hash.c %D%/file_hash.h \
	%D%/folder.c %D%/folder.h \
	%D%/fsck.c \
	%D%/store_gc.c \
	%D%/ingest.c %D%/ingest.h %D%/ingest_private.h \
	%D%/ingest_open.c \
	%D%/layer_trees.c %D%/layer_trees.h \
	%D%/layers_sweep.c \
	%D%/layout.c %D%/layout.h \
	%D%/lock.c %D%/lock.h \
	%D%/new_blob.c %D%/new_blob.h \
	%D%/own_check.c \
	%D%/own_path.c \
	%D%/part.c %D%/part.h \
	%D%/quarantine.c \
	%D%/reachable.c %D%/reachable.h \
	%D%/references.c \
	%D%/state.h \
	%D%/store.c %D%/store.h \
	%D%/store_open.c

store_libs = src/store/libstore.a $(oci_libs)
