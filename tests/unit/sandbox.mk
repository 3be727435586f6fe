sandbox_tests = \
	%D%/test_channel \
	%D%/test_helper \
	%D%/test_id_map
if NAMESPACES
sandbox_tests += %D%/test_confine %D%/test_helper_self
endif
check_PROGRAMS += $(sandbox_tests)
TESTS += $(sandbox_tests)

%C%_test_channel_SOURCES = %D%/test_channel.c
%C%_test_channel_LDADD = $(sandbox_libs) $(CMOCKA_LIBS)

%C%_test_confine_SOURCES = %D%/test_confine.c
%C%_test_confine_LDADD = $(sandbox_libs) $(CMOCKA_LIBS)

fake_helper = %D%/fake_helper.c %D%/fake_helper.h
fake_helper_ldflags = $(AM_LDFLAGS) -Wl,--wrap=poll,--wrap=__poll_chk

%C%_test_helper_SOURCES = %D%/test_helper.c $(fake_helper)
%C%_test_helper_LDADD = $(sandbox_libs) $(CMOCKA_LIBS)
%C%_test_helper_LDFLAGS = $(fake_helper_ldflags)

%C%_test_helper_self_SOURCES = %D%/test_helper_self.c
%C%_test_helper_self_LDADD = $(sandbox_libs) $(CMOCKA_LIBS)

%C%_test_id_map_SOURCES = %D%/test_id_map.c
%C%_test_id_map_LDADD = $(sandbox_libs) $(CMOCKA_LIBS)
