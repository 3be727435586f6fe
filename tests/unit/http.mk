http_tests = \
	%D%/test_address \
	%D%/test_challenge \
	%D%/test_headers \
	%D%/test_origin \
	%D%/test_pace \
	%D%/test_ramp \
	%D%/test_redirect \
	%D%/test_request \
	%D%/test_request_auth \
	%D%/test_request_pace \
	%D%/test_request_repeat \
	%D%/test_retry \
	%D%/test_trust \
	%D%/test_warnings
check_PROGRAMS += $(http_tests)
TESTS += $(http_tests)

http_fixture = %D%/http_fixture.c %D%/http_fixture.h %D%/http_server.c %D%/http_server.h

%C%_test_address_SOURCES = %D%/test_address.c
%C%_test_address_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_challenge_SOURCES = %D%/test_challenge.c
%C%_test_challenge_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_headers_SOURCES = %D%/test_headers.c
%C%_test_headers_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_origin_SOURCES = %D%/test_origin.c
%C%_test_origin_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_pace_SOURCES = %D%/test_pace.c
%C%_test_pace_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_ramp_SOURCES = %D%/test_ramp.c
%C%_test_ramp_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_redirect_SOURCES = %D%/test_redirect.c $(http_fixture)
%C%_test_redirect_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_request_SOURCES = %D%/test_request.c $(http_fixture)
%C%_test_request_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_request_auth_SOURCES = %D%/test_request_auth.c $(http_fixture)
%C%_test_request_auth_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_request_pace_SOURCES = %D%/test_request_pace.c $(http_fixture)
%C%_test_request_pace_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_request_repeat_SOURCES = %D%/test_request_repeat.c $(http_fixture)
%C%_test_request_repeat_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_retry_SOURCES = %D%/test_retry.c
%C%_test_retry_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_trust_SOURCES = %D%/test_trust.c
%C%_test_trust_LDADD = $(http_libs) $(CMOCKA_LIBS)

%C%_test_warnings_SOURCES = %D%/test_warnings.c
%C%_test_warnings_LDADD = $(http_libs) $(CMOCKA_LIBS)
