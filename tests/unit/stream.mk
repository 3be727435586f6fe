stream_tests = \
	%D%/test_body \
	%D%/test_compress \
	%D%/test_relay \
	%D%/test_sink \
	%D%/test_source
check_PROGRAMS += $(stream_tests)
TESTS += $(stream_tests)

%C%_test_body_SOURCES = %D%/test_body.c
%C%_test_body_LDADD = $(stream_libs) $(CMOCKA_LIBS)

%C%_test_compress_SOURCES = %D%/test_compress.c
%C%_test_compress_LDADD = $(stream_libs) $(CMOCKA_LIBS)

%C%_test_relay_SOURCES = %D%/test_relay.c
%C%_test_relay_LDADD = $(stream_libs) $(CMOCKA_LIBS)

%C%_test_sink_SOURCES = %D%/test_sink.c
%C%_test_sink_LDADD = $(stream_libs) $(CMOCKA_LIBS)

%C%_test_source_SOURCES = %D%/test_source.c
%C%_test_source_LDADD = $(stream_libs) $(CMOCKA_LIBS)
