noinst_LIBRARIES += %D%/librun.a
%C%_librun_a_SOURCES = \
	%D%/base.c %D%/base.h \
	%D%/bundle.c %D%/bundle.h \
	%D%/bwrap_words.c %D%/bwrap_words.h \
	%D%/cgroup.c %D%/cgroup.h %D%/cgroup_private.h \
	%D%/cgroup_words.c \
	%D%/commit.c %D%/commit.h \
	%D%/console.c %D%/console.h \
	%D%/denied_calls.c %D%/denied_calls.h \
	%D%/engine.c %D%/engine.h \
	%D%/engine_bwrap.c \
	%D%/engine_oci.c \
	%D%/environment.c \
	%D%/flat.c %D%/flat.h \
	%D%/in_root.c %D%/in_root.h \
	%D%/job.c %D%/job.h \
	%D%/mount_calls.c %D%/mount_calls.h \
	%D%/mount_words.c \
	%D%/mounts.c %D%/mounts.h \
	%D%/own_files.c %D%/own_files.h \
	%D%/program.c \
	%D%/root.c %D%/root.h \
	%D%/roots.c %D%/roots.h \
	%D%/run.c %D%/run.h \
	%D%/scope.c %D%/scope.h \
	%D%/sealed_program.c %D%/sealed_program.h \
	%D%/bundle_write.c \
	%D%/cell.c %D%/cell.h %D%/cell_private.h \
	%D%/cell_inside.c \
	%D%/cell_words.c \
	%D%/cell_answer.c %D%/cell_answer.h \
	%D%/untouched.c %D%/untouched.h \
	%D%/user.c \
	%D%/user_map.c %D%/user_map.h \
	%D%/volumes.c %D%/volumes.h

run_libs = src/run/librun.a $(image_libs)
