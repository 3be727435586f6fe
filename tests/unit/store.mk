store_tests = \
	%D%/test_new_blob \
	%D%/test_store_open \
	%D%/test_references \
	%D%/test_blobs \
	%D%/test_store_faults \
	%D%/test_store_kill \
	%D%/test_lock \
	%D%/test_care \
	%D%/test_file_hash \
	%D%/test_ingest \
	%D%/test_uses
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)

store_room = %D%/store_room.c %D%/store_room.h

%C%_test_file_hash_SOURCES = %D%/test_file_hash.c $(store_room)
%C%_test_file_hash_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_uses_SOURCES = %D%/test_uses.c $(store_room)
%C%_test_uses_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_ingest_SOURCES = %D%/test_ingest.c $(store_room)
%C%_test_ingest_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_care_SOURCES = %D%/test_care.c $(store_room)
%C%_test_care_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_store_open_SOURCES = %D%/test_store_open.c $(store_room)
%C%_test_store_open_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_references_SOURCES = %D%/test_references.c $(store_room)
%C%_test_references_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_blobs_SOURCES = %D%/test_blobs.c $(store_room)
%C%_test_blobs_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_store_faults_SOURCES = %D%/test_store_faults.c $(store_room)
%C%_test_store_faults_LDADD = $(store_libs) $(CMOCKA_LIBS)
%C%_test_store_faults_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write,--wrap=pwrite,--wrap=fsync \
	-Wl,--wrap=syncfs,--wrap=renameat,--wrap=mkdirat,--wrap=openat,--wrap=flock

%C%_test_store_kill_SOURCES = %D%/test_store_kill.c $(store_room)
%C%_test_store_kill_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_lock_SOURCES = %D%/test_lock.c $(store_room)
%C%_test_lock_LDADD = $(store_libs) $(CMOCKA_LIBS)

%C%_test_new_blob_SOURCES = %D%/test_new_blob.c $(store_room)
%C%_test_new_blob_LDADD = $(store_libs) $(CMOCKA_LIBS)
