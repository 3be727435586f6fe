http_tests = %D%/test_request
check_PROGRAMS += $(http_tests)
TESTS += $(http_tests)

%C%_test_request_SOURCES = %D%/test_request.c %D%/http_server.c %D%/http_server.h
%C%_test_request_LDADD = $(http_libs) $(CMOCKA_LIBS)
