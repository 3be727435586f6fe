base_tests = %D%/test_buf
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

%C%_test_buf_SOURCES = %D%/test_buf.c
%C%_test_buf_LDADD = $(base_libs) $(CMOCKA_LIBS)
