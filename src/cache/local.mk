noinst_LIBRARIES += %D%/libcache.a
%C%_libcache_a_SOURCES = \
	%D%/sources/foreign_files.c %D%/sources/foreign_files.h \
	%D%/sources/source_times.c %D%/sources/source_times.h \
	%D%/sources/sources.c %D%/sources/sources.h \
	%D%/sources/sources_collect.c \
	%D%/sources/time_journal.c %D%/sources/time_journal.h \
	%D%/sources/worktree.c %D%/sources/worktree.h

cache_libs = src/cache/libcache.a $(image_libs)
