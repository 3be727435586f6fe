# One program a parser that reads foreign bytes.  With --enable-fuzzing (CC=clang) libFuzzer is its
# main; otherwise replay.c is, and `make check` runs each over its corpus.
#
# To add one: its name in fuzz_targets, its three variables below, and corpus/NAME for fuzz_NAME.
fuzz_targets = \
	%D%/fuzz_archive \
	%D%/fuzz_cache_index \
	%D%/fuzz_cache_pack \
	%D%/fuzz_challenge \
	%D%/fuzz_digest \
	%D%/fuzz_document \
	%D%/fuzz_inclusion \
	%D%/fuzz_layer \
	%D%/fuzz_lfs \
	%D%/fuzz_link \
	%D%/fuzz_manifest \
	%D%/fuzz_merged \
	%D%/fuzz_message \
	%D%/fuzz_project \
	%D%/fuzz_record \
	%D%/fuzz_reference \
	%D%/fuzz_signer_certificate \
	%D%/fuzz_sigstore_bundle \
	%D%/fuzz_simple_signing \
	%D%/fuzz_sources \
	%D%/fuzz_text \
	%D%/fuzz_token \
	%D%/fuzz_tree \
	%D%/fuzz_trusted_root \
	%D%/fuzz_upload
EXTRA_DIST += %D%/corpus
noinst_HEADERS += %D%/entries.h %D%/fuzz.h

check_PROGRAMS += $(fuzz_targets)
if FUZZING
AM_CFLAGS += -fsanitize=fuzzer-no-link
AM_LDFLAGS += -fsanitize=fuzzer-no-link
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_main = %D%/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
TESTS += $(fuzz_targets)
endif

%C%_fuzz_archive_SOURCES = %D%/fuzz_archive.c $(fuzz_main)
%C%_fuzz_archive_LDADD = $(archive_libs) $(LIBARCHIVE_LIBS)
%C%_fuzz_archive_LDFLAGS = $(fuzz_ldflags) -Wl,--wrap=members_scan
%C%_fuzz_cache_index_SOURCES = %D%/fuzz_cache_index.c $(fuzz_main)
%C%_fuzz_cache_index_LDADD = $(cache_libs)
%C%_fuzz_cache_index_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_cache_pack_SOURCES = %D%/fuzz_cache_pack.c $(fuzz_main)
%C%_fuzz_cache_pack_LDADD = $(cache_libs)
%C%_fuzz_cache_pack_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_challenge_SOURCES = %D%/fuzz_challenge.c $(fuzz_main)
%C%_fuzz_challenge_LDADD = $(http_libs)
%C%_fuzz_challenge_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_digest_SOURCES = %D%/fuzz_digest.c $(fuzz_main)
%C%_fuzz_digest_LDADD = $(oci_libs)
%C%_fuzz_digest_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_document_SOURCES = %D%/fuzz_document.c $(fuzz_main)
%C%_fuzz_document_LDADD = $(oci_libs)
%C%_fuzz_document_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_lfs_SOURCES = %D%/fuzz_lfs.c $(fuzz_main)
%C%_fuzz_lfs_LDADD = $(project_libs)
%C%_fuzz_lfs_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_link_SOURCES = %D%/fuzz_link.c $(fuzz_main)
%C%_fuzz_link_LDADD = $(registry_libs)
%C%_fuzz_link_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_manifest_SOURCES = %D%/fuzz_manifest.c $(fuzz_main)
%C%_fuzz_manifest_LDADD = $(oci_libs)
%C%_fuzz_manifest_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_project_SOURCES = %D%/fuzz_project.c $(fuzz_main)
%C%_fuzz_project_LDADD = $(project_libs)
%C%_fuzz_project_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_record_SOURCES = %D%/fuzz_record.c $(fuzz_main)
%C%_fuzz_record_LDADD = $(fingerprint_libs)
%C%_fuzz_record_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_reference_SOURCES = %D%/fuzz_reference.c $(fuzz_main)
%C%_fuzz_reference_LDADD = $(oci_libs)
%C%_fuzz_reference_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_simple_signing_SOURCES = %D%/fuzz_simple_signing.c $(fuzz_main)
%C%_fuzz_simple_signing_LDADD = $(oci_libs)
%C%_fuzz_simple_signing_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_sources_SOURCES = %D%/fuzz_sources.c $(fuzz_main)
%C%_fuzz_sources_LDADD = $(cache_libs)
%C%_fuzz_sources_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_text_SOURCES = %D%/fuzz_text.c $(fuzz_main)
%C%_fuzz_text_LDADD = $(base_libs)
%C%_fuzz_text_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_token_SOURCES = %D%/fuzz_token.c $(fuzz_main)
%C%_fuzz_token_LDADD = $(registry_libs)
%C%_fuzz_token_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_upload_SOURCES = %D%/fuzz_upload.c $(fuzz_main)
%C%_fuzz_upload_LDADD = $(registry_libs)
%C%_fuzz_upload_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_layer_SOURCES = %D%/fuzz_layer.c $(fuzz_main)
%C%_fuzz_layer_LDADD = $(layer_helper_libs)
%C%_fuzz_layer_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_tree_SOURCES = %D%/fuzz_tree.c $(fuzz_main)
%C%_fuzz_tree_LDADD = $(layer_helper_libs)
%C%_fuzz_tree_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_merged_SOURCES = %D%/fuzz_merged.c $(fuzz_main)
%C%_fuzz_merged_LDADD = $(layer_helper_libs)
%C%_fuzz_merged_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_message_SOURCES = %D%/fuzz_message.c $(fuzz_main)
%C%_fuzz_message_LDADD = $(layer_libs)
%C%_fuzz_message_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_inclusion_SOURCES = %D%/fuzz_inclusion.c $(fuzz_main)
%C%_fuzz_inclusion_LDADD = $(image_libs)
%C%_fuzz_inclusion_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_signer_certificate_SOURCES = %D%/fuzz_signer_certificate.c $(fuzz_main)
%C%_fuzz_signer_certificate_LDADD = $(image_libs)
%C%_fuzz_signer_certificate_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_sigstore_bundle_SOURCES = %D%/fuzz_sigstore_bundle.c $(fuzz_main)
%C%_fuzz_sigstore_bundle_LDADD = $(image_libs)
%C%_fuzz_sigstore_bundle_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_trusted_root_SOURCES = %D%/fuzz_trusted_root.c $(fuzz_main)
%C%_fuzz_trusted_root_LDADD = $(image_libs)
%C%_fuzz_trusted_root_LDFLAGS = $(fuzz_ldflags)
