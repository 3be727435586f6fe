archive_tests = \
	%D%/test_archive_docker \
	%D%/test_archive_open \
	%D%/test_archive_write \
	%D%/test_member_name \
	%D%/test_members
check_PROGRAMS += $(archive_tests)
TESTS += $(archive_tests)

archive_room = $(store_room) %D%/tar_file.c %D%/tar_file.h %D%/archive_room.c %D%/archive_room.h

%C%_test_archive_docker_SOURCES = %D%/test_archive_docker.c $(archive_room)
%C%_test_archive_docker_LDADD = $(archive_libs) $(LIBARCHIVE_LIBS) $(CMOCKA_LIBS)
%C%_test_archive_open_SOURCES = %D%/test_archive_open.c $(archive_room)
%C%_test_archive_open_LDADD = $(archive_libs) $(LIBARCHIVE_LIBS) $(CMOCKA_LIBS)

%C%_test_archive_write_SOURCES = %D%/test_archive_write.c $(archive_room)
%C%_test_archive_write_LDADD = $(archive_libs) $(LIBARCHIVE_LIBS) $(CMOCKA_LIBS)
%C%_test_member_name_SOURCES = %D%/test_member_name.c
%C%_test_member_name_LDADD = $(archive_libs) $(LIBARCHIVE_LIBS) $(CMOCKA_LIBS)
%C%_test_members_SOURCES = %D%/test_members.c $(archive_room)
%C%_test_members_LDADD = $(archive_libs) $(LIBARCHIVE_LIBS) $(CMOCKA_LIBS)
