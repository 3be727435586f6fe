fingerprint_tests = \
	%D%/test_fingerprint \
	%D%/test_git \
	%D%/test_hash_file \
	%D%/test_exact_names \
	%D%/test_paths \
	%D%/test_record \
	%D%/test_stat_cache
check_PROGRAMS += $(fingerprint_tests)
TESTS += $(fingerprint_tests)

tree_room = %D%/tree_room.c %D%/tree_room.h

%C%_test_fingerprint_SOURCES = %D%/test_fingerprint.c $(tree_room)
%C%_test_fingerprint_LDADD = $(fingerprint_libs) $(CMOCKA_LIBS)
%C%_test_git_SOURCES = %D%/test_git.c $(tree_room)
%C%_test_git_LDADD = $(fingerprint_libs) $(CMOCKA_LIBS)
%C%_test_hash_file_SOURCES = %D%/test_hash_file.c $(tree_room)
%C%_test_hash_file_LDADD = $(fingerprint_libs) $(CMOCKA_LIBS)
%C%_test_exact_names_SOURCES = %D%/test_exact_names.c
%C%_test_exact_names_LDADD = $(fingerprint_libs) $(CMOCKA_LIBS)
%C%_test_exact_names_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fstatat
%C%_test_paths_SOURCES = %D%/test_paths.c
%C%_test_paths_LDADD = $(fingerprint_libs) $(CMOCKA_LIBS)
%C%_test_record_SOURCES = %D%/test_record.c
%C%_test_record_LDADD = $(fingerprint_libs) $(CMOCKA_LIBS)
%C%_test_stat_cache_SOURCES = %D%/test_stat_cache.c $(tree_room)
%C%_test_stat_cache_LDADD = $(fingerprint_libs) $(CMOCKA_LIBS)
