cli_unit_tests = \
	%D%/test_columns \
	%D%/test_github \
	%D%/test_line \
	%D%/test_options \
	%D%/test_progress \
	%D%/test_progress_format \
	%D%/test_report
check_PROGRAMS += $(cli_unit_tests)
TESTS += $(cli_unit_tests)

%C%_test_columns_SOURCES = %D%/test_columns.c
%C%_test_columns_LDADD = $(cli_libs) $(CMOCKA_LIBS)

%C%_test_github_SOURCES = %D%/test_github.c
%C%_test_github_LDADD = $(cli_libs) $(CMOCKA_LIBS)

%C%_test_line_SOURCES = %D%/test_line.c
%C%_test_line_LDADD = $(cli_libs) $(CMOCKA_LIBS)

%C%_test_options_SOURCES = %D%/test_options.c
%C%_test_options_LDADD = $(cli_libs) $(CMOCKA_LIBS)

%C%_test_progress_SOURCES = %D%/test_progress.c
%C%_test_progress_LDADD = $(cli_libs) $(CMOCKA_LIBS)

%C%_test_progress_format_SOURCES = %D%/test_progress_format.c
%C%_test_progress_format_LDADD = $(cli_libs) $(CMOCKA_LIBS)

%C%_test_report_SOURCES = %D%/test_report.c
%C%_test_report_LDADD = $(cli_libs) $(CMOCKA_LIBS)
