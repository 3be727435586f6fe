noinst_LIBRARIES += %D%/libproject.a
%C%_libproject_a_SOURCES = \
	%D%/cache_preset.c %D%/cache_preset.h \
	%D%/ci.c %D%/ci.h \
	%D%/ci_event.c %D%/ci_event.h \
	%D%/ci_pushes.c \
	%D%/config_fields.c %D%/config_fields.h \
	%D%/config_parse.c \
	%D%/config_tree.c %D%/config_tree.h \
	%D%/git/git_checkout.c %D%/git/git_checkout.h \
	%D%/git/git_contents.c %D%/git/git_contents.h \
	%D%/git/git_lfs.c %D%/git/git_lfs.h \
	%D%/git/git_objects.c %D%/git/git_objects.h \
	%D%/git/git_refs.c %D%/git/git_refs.h \
	%D%/git/git_tree.c %D%/git/git_tree.h \
	%D%/image_values.c %D%/image_values.h \
	%D%/live.c %D%/live.h \
	%D%/lock_file.c %D%/lock_file.h \
	%D%/project.c %D%/project.h \
	%D%/project_cache.c \
	%D%/project_check.c \
	%D%/project_fingerprint.c \
	%D%/project_image.c \
	%D%/project_order.c %D%/project_order.h \
	%D%/project_read.c \
	%D%/project_shape.c \
	%D%/reading.h \
	%D%/remote_url.c %D%/remote_url.h \
	%D%/repository_name.c %D%/repository_name.h \
	%D%/variables.c %D%/variables.h

project_libs = src/project/libproject.a $(fingerprint_libs) $(YAML_LIBS)
