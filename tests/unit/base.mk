base_tests = \
	%D%/test_buf \
	%D%/test_compat \
	%D%/test_deadline \
	%D%/test_error \
	%D%/test_fd \
	%D%/test_leftovers \
	%D%/test_observer \
	%D%/test_path \
	%D%/test_random \
	%D%/test_spawn \
	%D%/test_strings \
	%D%/test_suggest \
	%D%/test_text \
	%D%/test_trace \
	%D%/test_utf8 \
	%D%/test_workers
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

%C%_test_buf_SOURCES = %D%/test_buf.c
%C%_test_buf_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_compat_SOURCES = %D%/test_compat.c
%C%_test_compat_LDADD = $(CMOCKA_LIBS) -lpthread

%C%_test_deadline_SOURCES = %D%/test_deadline.c
%C%_test_deadline_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_error_SOURCES = %D%/test_error.c
%C%_test_error_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_fd_SOURCES = %D%/test_fd.c
%C%_test_fd_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_leftovers_SOURCES = %D%/test_leftovers.c
%C%_test_leftovers_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_observer_SOURCES = %D%/test_observer.c
%C%_test_observer_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_path_SOURCES = %D%/test_path.c
%C%_test_path_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_random_SOURCES = %D%/test_random.c
%C%_test_random_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_spawn_SOURCES = %D%/test_spawn.c
%C%_test_spawn_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_strings_SOURCES = %D%/test_strings.c
%C%_test_strings_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_suggest_SOURCES = %D%/test_suggest.c
%C%_test_suggest_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_text_SOURCES = %D%/test_text.c
%C%_test_text_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_trace_SOURCES = %D%/test_trace.c
%C%_test_trace_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_utf8_SOURCES = %D%/test_utf8.c
%C%_test_utf8_LDADD = $(base_libs) $(CMOCKA_LIBS)

%C%_test_workers_SOURCES = %D%/test_workers.c
%C%_test_workers_LDADD = $(base_libs) $(CMOCKA_LIBS)
