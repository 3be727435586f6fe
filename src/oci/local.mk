noinst_LIBRARIES += %D%/liboci.a
%C%_liboci_a_SOURCES = \
	%D%/annotation.h \
	%D%/config.c %D%/config.h \
	%D%/config_edit.c %D%/config_edit.h \
	%D%/descriptor.c %D%/descriptor.h \
	%D%/digest.c %D%/digest.h \
	%D%/digest_set.c %D%/digest_set.h \
	%D%/document.c %D%/document.h \
	%D%/index.c %D%/index.h \
	%D%/index_edit.c %D%/index_edit.h \
	%D%/kind.c %D%/kind.h \
	%D%/location.c %D%/location.h \
	%D%/manifest.c %D%/manifest.h \
	%D%/media_type.c %D%/media_type.h \
	%D%/platform.c %D%/platform.h \
	%D%/reference.c %D%/reference.h \
	%D%/referrer.c %D%/referrer.h \
	%D%/simple_signing.c %D%/simple_signing.h \
	%D%/statement.c %D%/statement.h \
	%D%/tag_list.c %D%/tag_list.h

oci_libs = src/oci/liboci.a $(base_libs) $(JANSSON_LIBS) $(LIBCRYPTO_LIBS)
