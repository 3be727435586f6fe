image_tests = %D%/test_image_push %D%/test_image_tree
check_PROGRAMS += $(image_tests)
TESTS += $(image_tests)

image_room = %D%/image_room.c %D%/image_room.h

%C%_test_image_push_SOURCES = %D%/test_image_push.c $(image_room)
%C%_test_image_push_LDADD = $(image_libs) $(CMOCKA_LIBS)
%C%_test_image_tree_SOURCES = %D%/test_image_tree.c $(image_room)
%C%_test_image_tree_LDADD = $(image_libs) $(CMOCKA_LIBS)
