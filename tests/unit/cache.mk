cache_tests = \
	%D%/test_tree_scan \
	%D%/test_tree_writer \
	%D%/test_chunker \
	%D%/test_index_head \
	%D%/test_pack_plan \
	%D%/test_artifact \
	%D%/test_dep_info \
	%D%/test_parts \
	%D%/test_tree_index \
	%D%/test_varint \
	%D%/test_cache_keys \
	%D%/test_cargo_target \
	%D%/test_source_times \
	%D%/test_sources
check_PROGRAMS += $(cache_tests)
TESTS += $(cache_tests)

%C%_test_cache_keys_SOURCES = %D%/test_cache_keys.c $(tree_room)
%C%_test_cache_keys_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_cargo_target_SOURCES = %D%/test_cargo_target.c $(tree_room)
%C%_test_cargo_target_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_source_times_SOURCES = %D%/test_source_times.c $(tree_room)
%C%_test_source_times_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_sources_SOURCES = %D%/test_sources.c $(tree_room)
%C%_test_sources_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_chunker_SOURCES = %D%/test_chunker.c
%C%_test_chunker_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_index_head_SOURCES = %D%/test_index_head.c
%C%_test_index_head_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_pack_plan_SOURCES = %D%/test_pack_plan.c
%C%_test_pack_plan_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_artifact_SOURCES = %D%/test_artifact.c
%C%_test_artifact_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_dep_info_SOURCES = %D%/test_dep_info.c $(tree_room)
%C%_test_dep_info_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_parts_SOURCES = %D%/test_parts.c $(tree_room)
%C%_test_parts_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_tree_index_SOURCES = %D%/test_tree_index.c
%C%_test_tree_index_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_varint_SOURCES = %D%/test_varint.c
%C%_test_varint_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_tree_writer_SOURCES = %D%/test_tree_writer.c $(tree_room)
%C%_test_tree_writer_LDADD = $(cache_libs) $(CMOCKA_LIBS)
%C%_test_tree_scan_SOURCES = %D%/test_tree_scan.c $(tree_room)
%C%_test_tree_scan_LDADD = $(cache_libs) $(CMOCKA_LIBS)
