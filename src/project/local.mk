noinst_LIBRARIES += %D%/libproject.a
%C%_libproject_a_SOURCES = \
	%D%/cache_preset.c %D%/cache_preset.h \
	%D%/ci.c %D%/ci.h \
	%D%/config_file.c %D%/config_file.h \
	%D%/dockerfile.c %D%/dockerfile.h \
	%D%/git/git_lfs.c %D%/git/git_lfs.h \
	%D%/git/git_project.c %D%/git/git_project.h \
	%D%/git/git_refs.c %D%/git/git_refs.h \
	%D%/git/git_tree.c %D%/git/git_tree.h \
	%D%/live.c %D%/live.h \
	%D%/lock_file.c %D%/lock_file.h \
	%D%/named_files.c %D%/named_files.h \
	%D%/project.c %D%/project.h \
	%D%/project_cache.c \
	%D%/project_fingerprint.c \
	%D%/project_image.c \
	%D%/requirement.c %D%/requirement.h \
	%D%/project_run.c \
	%D%/project_schema.c %D%/project_schema.h \
	%D%/reading.h \
	%D%/settings.c %D%/settings.h \
	%D%/survey.c %D%/survey.h \
	%D%/remote_url.c %D%/remote_url.h \
	%D%/repository_name.c %D%/repository_name.h \
	%D%/variables.c %D%/variables.h

project_libs = src/project/libproject.a $(fingerprint_libs) $(YAML_LIBS)
