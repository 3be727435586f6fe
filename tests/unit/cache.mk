cache_tests = \
	%D%/test_source_times \
	%D%/test_sources
check_PROGRAMS += $(cache_tests)
TESTS += $(cache_tests)

%C%_test_source_times_SOURCES = %D%/test_source_times.c $(tree_room)
%C%_test_source_times_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_sources_SOURCES = %D%/test_sources.c $(tree_room)
%C%_test_sources_LDADD = $(cache_libs) $(CMOCKA_LIBS)
