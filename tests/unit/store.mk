store_tests = \
	%D%/test_care \
	%D%/test_ingest
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)

store_room = %D%/store_room.c %D%/store_room.h

%C%_test_ingest_SOURCES = %D%/test_ingest.c $(store_room)
%C%_test_ingest_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_care_SOURCES = %D%/test_care.c $(store_room)
%C%_test_care_LDADD = $(store_libs) $(CMOCKA_LIBS)
