if NAMESPACES
run_tests = \
	%D%/test_bundle \
	%D%/test_cell_answer \
	%D%/test_cgroup \
	%D%/test_console \
	%D%/test_engine \
	%D%/test_in_root \
	%D%/test_job \
	%D%/test_mounts \
	%D%/test_program \
	%D%/test_root
check_PROGRAMS += $(run_tests)
TESTS += $(run_tests)
endif

%C%_test_in_root_SOURCES = %D%/test_in_root.c %D%/tree_room.c %D%/tree_room.h
%C%_test_in_root_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_job_SOURCES = %D%/test_job.c %D%/tree_room.c %D%/tree_room.h
%C%_test_job_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_mounts_SOURCES = %D%/test_mounts.c $(tree_room)
%C%_test_mounts_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_cgroup_SOURCES = %D%/test_cgroup.c
%C%_test_cgroup_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_console_SOURCES = %D%/test_console.c $(store_room)
%C%_test_console_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_engine_SOURCES = %D%/test_engine.c $(tree_room)
%C%_test_engine_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_cell_answer_SOURCES = %D%/test_cell_answer.c
%C%_test_cell_answer_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_program_SOURCES = %D%/test_program.c $(tree_room)
%C%_test_program_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_root_SOURCES = %D%/test_root.c $(store_room)
%C%_test_root_LDADD = $(run_libs) $(CMOCKA_LIBS)
%C%_test_bundle_SOURCES = %D%/test_bundle.c
%C%_test_bundle_LDADD = $(run_libs) $(CMOCKA_LIBS)
