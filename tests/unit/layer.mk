layer_tests = \
	%D%/test_entry \
	%D%/test_feed \
	%D%/test_inode_set \
	%D%/test_layer_reader \
	%D%/test_merged \
	%D%/test_remove \
	%D%/test_tar_check \
	%D%/test_pack \
	%D%/test_pack_limits \
	%D%/test_pax \
	%D%/test_tar_writer \
	%D%/test_ring \
	%D%/test_tree
check_PROGRAMS += $(layer_tests)
TESTS += $(layer_tests)

%C%_test_pax_SOURCES = %D%/test_pax.c
%C%_test_pax_LDADD = $(layer_libs) $(CMOCKA_LIBS)

%C%_test_tar_writer_SOURCES = %D%/test_tar_writer.c
%C%_test_tar_writer_LDADD = $(layer_libs) $(LIBARCHIVE_LIBS) $(CMOCKA_LIBS)

%C%_test_pack_SOURCES = %D%/test_pack.c $(tree_room)
%C%_test_pack_LDADD = $(layer_libs) $(CMOCKA_LIBS)

%C%_test_pack_limits_SOURCES = %D%/test_pack_limits.c $(tree_room)
%C%_test_pack_limits_LDADD = $(layer_libs) $(CMOCKA_LIBS)

%C%_test_tar_check_SOURCES = %D%/test_tar_check.c %D%/tar_file.c %D%/tar_file.h $(fake_helper)
%C%_test_tar_check_LDADD = $(layer_libs) $(LIBARCHIVE_LIBS) $(CMOCKA_LIBS)
%C%_test_tar_check_LDFLAGS = $(fake_helper_ldflags)

%C%_test_entry_SOURCES = %D%/test_entry.c
%C%_test_entry_LDADD = $(layer_helper_libs) $(CMOCKA_LIBS)

%C%_test_feed_SOURCES = %D%/test_feed.c $(tree_room)
%C%_test_feed_LDADD = $(layer_helper_libs) $(CMOCKA_LIBS)

%C%_test_inode_set_SOURCES = %D%/test_inode_set.c
%C%_test_inode_set_LDADD = $(layer_helper_libs) $(CMOCKA_LIBS)

%C%_test_layer_reader_SOURCES = %D%/test_layer_reader.c %D%/tar_file.c %D%/tar_file.h $(tree_room)
%C%_test_layer_reader_LDADD = $(layer_helper_libs) $(CMOCKA_LIBS)

%C%_test_merged_SOURCES = %D%/test_merged.c
%C%_test_merged_LDADD = $(layer_helper_libs) $(CMOCKA_LIBS)

%C%_test_remove_SOURCES = %D%/test_remove.c $(tree_room)
%C%_test_remove_LDADD = $(layer_libs) $(CMOCKA_LIBS)

%C%_test_tree_SOURCES = %D%/test_tree.c $(tree_room)
%C%_test_tree_LDADD = $(layer_helper_libs) $(CMOCKA_LIBS)

%C%_test_ring_SOURCES = %D%/test_ring.c
%C%_test_ring_LDADD = $(layer_libs) $(CMOCKA_LIBS)
