noinst_LIBRARIES += %D%/libcache.a
%C%_libcache_a_SOURCES = \
	%D%/format/artifact.c %D%/format/artifact.h \
	%D%/format/chunk_table.c %D%/format/chunk_table.h \
	%D%/format/chunker.c %D%/format/chunker.h \
	%D%/format/frame.c %D%/format/frame.h \
	%D%/format/index_head.c %D%/format/index_head.h \
	%D%/format/index_reader.c %D%/format/index_reader.h \
	%D%/format/tree_index.c %D%/format/tree_index.h \
	%D%/format/varint.c %D%/format/varint.h \
	%D%/key/key_file.c %D%/key/key_file.h \
	%D%/key/keys.c %D%/key/keys.h \
	%D%/key/key_record.c %D%/key/key_record.h \
	%D%/key/spec.c %D%/key/spec.h \
	%D%/key/toolchain.c %D%/key/toolchain.h \
	%D%/sources/foreign_files.c %D%/sources/foreign_files.h \
	%D%/sources/source_times.c %D%/sources/source_times.h \
	%D%/sources/sources.c %D%/sources/sources.h \
	%D%/sources/sources_collect.c \
	%D%/sources/time_journal.c %D%/sources/time_journal.h \
	%D%/tree/cargo_target.c %D%/tree/cargo_target.h \
	%D%/sources/worktree.c %D%/sources/worktree.h \
	%D%/transfer/cache_index.c %D%/transfer/cache_index.h \
	%D%/transfer/gather.c %D%/transfer/gather.h \
	%D%/transfer/live_chunks.c %D%/transfer/live_chunks.h \
	%D%/transfer/pack_plan.c %D%/transfer/pack_plan.h \
	%D%/transfer/pack_writer.c %D%/transfer/pack_writer.h \
	%D%/transfer/parent.c %D%/transfer/parent.h \
	%D%/transfer/placement.c %D%/transfer/placement.h \
	%D%/transfer/restore.c %D%/transfer/restore.h \
	%D%/transfer/save.c %D%/transfer/save.h \
	%D%/tree/filter.h \
	%D%/tree/journal.c %D%/tree/journal.h \
	%D%/tree/dep_info.c %D%/tree/dep_info.h \
	%D%/tree/index_parts.c %D%/tree/index_parts.h \
	%D%/tree/parts.c %D%/tree/parts.h \
	%D%/tree/restore_request.c %D%/tree/restore_request.h \
	%D%/tree/restorer.c %D%/tree/restorer.h \
	%D%/transfer/uploads.c %D%/transfer/uploads.h \
	%D%/tree/cache_roots.c %D%/tree/cache_roots.h \
	%D%/tree/served_index.c %D%/tree/served_index.h \
	%D%/tree/serve_restore.c \
	%D%/tree/tree_scan.c %D%/tree/tree_scan.h \
	%D%/tree/tree_writer.c %D%/tree/tree_writer.h

cache_libs = src/cache/libcache.a $(image_libs)
