repository_tests = \
	%D%/test_repository_archive
check_PROGRAMS += $(repository_tests)
TESTS += $(repository_tests)

%C%_test_repository_archive_SOURCES = %D%/test_repository_archive.c $(archive_room)
%C%_test_repository_archive_LDADD = $(repository_libs) $(LIBARCHIVE_LIBS) $(CMOCKA_LIBS)
