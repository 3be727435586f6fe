registry_tests = \
	%D%/test_credentials \
	%D%/test_downloads \
	%D%/test_gate \
	%D%/test_link \
	%D%/test_listings \
	%D%/test_manifests \
	%D%/test_presence \
	%D%/test_problem \
	%D%/test_realm \
	%D%/test_referrers \
	%D%/test_token_answer \
	%D%/test_token_cache \
	%D%/test_upload_chunks \
	%D%/test_upload_policy \
	%D%/test_upload_session \
	%D%/test_uploads
check_PROGRAMS += $(registry_tests)
TESTS += $(registry_tests)

auth_home = %D%/auth_home.c %D%/auth_home.h
registry_room = %D%/registry_room.c %D%/registry_room.h %D%/http_server.c %D%/http_server.h
blob_room = %D%/blob_room.c %D%/blob_room.h

%C%_test_credentials_SOURCES = %D%/test_credentials.c $(auth_home)
%C%_test_credentials_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_downloads_SOURCES = %D%/test_downloads.c $(blob_room) $(registry_room) $(auth_home)
%C%_test_downloads_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_gate_SOURCES = %D%/test_gate.c $(registry_room) $(auth_home)
%C%_test_gate_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_link_SOURCES = %D%/test_link.c
%C%_test_link_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_listings_SOURCES = %D%/test_listings.c $(registry_room) $(auth_home)
%C%_test_listings_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_manifests_SOURCES = %D%/test_manifests.c $(registry_room) $(auth_home)
%C%_test_manifests_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_presence_SOURCES = %D%/test_presence.c
%C%_test_presence_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_problem_SOURCES = %D%/test_problem.c
%C%_test_problem_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_realm_SOURCES = %D%/test_realm.c
%C%_test_realm_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_referrers_SOURCES = %D%/test_referrers.c $(registry_room) $(auth_home)
%C%_test_referrers_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_token_answer_SOURCES = %D%/test_token_answer.c
%C%_test_token_answer_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_token_cache_SOURCES = %D%/test_token_cache.c $(auth_home)
%C%_test_token_cache_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_upload_chunks_SOURCES = %D%/test_upload_chunks.c $(blob_room) $(registry_room) $(auth_home)
%C%_test_upload_chunks_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_upload_policy_SOURCES = %D%/test_upload_policy.c
%C%_test_upload_policy_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_upload_session_SOURCES = %D%/test_upload_session.c
%C%_test_upload_session_LDADD = $(registry_libs) $(CMOCKA_LIBS)

%C%_test_uploads_SOURCES = %D%/test_uploads.c $(blob_room) $(registry_room) $(auth_home)
%C%_test_uploads_LDADD = $(registry_libs) $(CMOCKA_LIBS)
