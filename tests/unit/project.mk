project_tests = \
	%D%/test_ci \
	%D%/test_git_lfs \
	%D%/test_git_refs \
	%D%/test_lock_file \
	%D%/test_project \
	%D%/test_settings
check_PROGRAMS += $(project_tests)
TESTS += $(project_tests)
EXTRA_DIST += tests/data/project

%C%_test_ci_SOURCES = %D%/test_ci.c $(tree_room)
%C%_test_ci_LDADD = $(project_libs) $(CMOCKA_LIBS)
%C%_test_git_lfs_SOURCES = %D%/test_git_lfs.c
%C%_test_git_lfs_LDADD = $(project_libs) $(CMOCKA_LIBS)
%C%_test_git_refs_SOURCES = %D%/test_git_refs.c $(tree_room)
%C%_test_git_refs_LDADD = $(project_libs) $(CMOCKA_LIBS)
%C%_test_lock_file_SOURCES = %D%/test_lock_file.c $(tree_room)
%C%_test_lock_file_LDADD = $(project_libs) $(CMOCKA_LIBS)
%C%_test_project_SOURCES = %D%/test_project.c $(tree_room)
%C%_test_project_LDADD = $(project_libs) $(CMOCKA_LIBS)
%C%_test_settings_SOURCES = %D%/test_settings.c $(tree_room)
%C%_test_settings_LDADD = $(project_libs) $(CMOCKA_LIBS)
