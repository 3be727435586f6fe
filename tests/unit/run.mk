run_tests = %D%/test_cgroup %D%/test_in_root %D%/test_job %D%/test_mounts
check_PROGRAMS += $(run_tests)
TESTS += $(run_tests)

%C%_test_in_root_SOURCES = %D%/test_in_root.c %D%/tree_room.c %D%/tree_room.h
%C%_test_in_root_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_job_SOURCES = %D%/test_job.c %D%/tree_room.c %D%/tree_room.h
%C%_test_job_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_mounts_SOURCES = %D%/test_mounts.c
%C%_test_mounts_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_cgroup_SOURCES = %D%/test_cgroup.c
%C%_test_cgroup_LDADD = $(run_libs) $(CMOCKA_LIBS)
