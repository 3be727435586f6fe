oci_tests = \
	%D%/test_config_edit \
	%D%/test_base64 \
	%D%/test_config \
	%D%/test_descriptor \
	%D%/test_digest \
	%D%/test_document \
	%D%/test_index \
	%D%/test_index_edit \
	%D%/test_location \
	%D%/test_manifest \
	%D%/test_media_type \
	%D%/test_platform \
	%D%/test_reference \
	%D%/test_simple_signing \
	%D%/test_statement
check_PROGRAMS += $(oci_tests)
TESTS += $(oci_tests)
noinst_HEADERS += %D%/reference_rows.h

%C%_test_base64_SOURCES = %D%/test_base64.c
%C%_test_base64_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_config_SOURCES = %D%/test_config.c
%C%_test_config_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_descriptor_SOURCES = %D%/test_descriptor.c
%C%_test_descriptor_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_digest_SOURCES = %D%/test_digest.c
%C%_test_digest_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_document_SOURCES = %D%/test_document.c
%C%_test_document_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_index_SOURCES = %D%/test_index.c
%C%_test_index_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_index_edit_SOURCES = %D%/test_index_edit.c
%C%_test_index_edit_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_location_SOURCES = %D%/test_location.c
%C%_test_location_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_manifest_SOURCES = %D%/test_manifest.c
%C%_test_manifest_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_media_type_SOURCES = %D%/test_media_type.c
%C%_test_media_type_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_platform_SOURCES = %D%/test_platform.c
%C%_test_platform_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_reference_SOURCES = %D%/test_reference.c
%C%_test_reference_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_simple_signing_SOURCES = %D%/test_simple_signing.c
%C%_test_simple_signing_LDADD = $(oci_libs) $(CMOCKA_LIBS)

%C%_test_config_edit_SOURCES = %D%/test_config_edit.c
%C%_test_config_edit_LDADD = $(oci_libs) $(CMOCKA_LIBS)
%C%_test_statement_SOURCES = %D%/test_statement.c
%C%_test_statement_LDADD = $(oci_libs) $(CMOCKA_LIBS)
