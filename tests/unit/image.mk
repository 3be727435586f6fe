image_tests = \
	%D%/test_image_push \
	%D%/test_image_tree \
	%D%/test_join \
	%D%/test_layer_jobs \
	%D%/test_layers \
	%D%/test_new_layer \
	%D%/test_signing_key \
	%D%/test_sigstore_bundle \
	%D%/test_prune \
	%D%/test_prune_graph \
	%D%/test_stage
check_PROGRAMS += $(image_tests)
TESTS += $(image_tests)

layers_room = $(store_room) %D%/layers_room.c %D%/layers_room.h
image_room = %D%/image_room.c %D%/image_room.h %D%/in_image_room.h

%C%_test_image_push_SOURCES = %D%/test_image_push.c $(image_room)
%C%_test_image_push_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_image_tree_SOURCES = %D%/test_image_tree.c $(image_room)
%C%_test_image_tree_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_join_SOURCES = %D%/test_join.c
%C%_test_join_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_layer_jobs_SOURCES = %D%/test_layer_jobs.c $(layers_room) $(fake_helper)
%C%_test_layer_jobs_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_layer_jobs_LDFLAGS = $(fake_helper_ldflags)
%C%_test_layers_SOURCES = %D%/test_layers.c $(layers_room)
%C%_test_layers_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_prune_SOURCES = %D%/test_prune.c $(image_room)
%C%_test_prune_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_prune_graph_SOURCES = %D%/test_prune_graph.c $(image_room)
%C%_test_prune_graph_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_stage_SOURCES = %D%/test_stage.c $(store_room)
%C%_test_stage_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_new_layer_SOURCES = %D%/test_new_layer.c $(store_room)
%C%_test_new_layer_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_sigstore_bundle_SOURCES = %D%/test_sigstore_bundle.c
%C%_test_sigstore_bundle_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_signing_key_SOURCES = %D%/test_signing_key.c $(tree_room)
%C%_test_signing_key_LDADD = $(image_libs) $(CMOCKA_LIBS)
