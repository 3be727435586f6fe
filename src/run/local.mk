noinst_LIBRARIES += %D%/librun.a
%C%_librun_a_SOURCES = \
	%D%/root/root_base.c %D%/root/root_base.h \
	%D%/engine/bundle.c %D%/engine/bundle.h \
	%D%/engine/bwrap_words.c %D%/engine/bwrap_words.h \
	%D%/container/cgroup.c %D%/container/cgroup.h %D%/container/cgroup_private.h \
	%D%/container/cgroup_words.c \
	%D%/commit_job.c %D%/commit_job.h \
	%D%/container/console.c %D%/container/console.h \
	%D%/engine/denied_calls.c %D%/engine/denied_calls.h \
	%D%/engine/job_engine.c %D%/engine/job_engine.h \
	%D%/engine/engine_bwrap.c \
	%D%/engine/engine_oci.c \
	%D%/job_environment.c \
	%D%/flat_root.c %D%/flat_root.h \
	%D%/root/in_root.c %D%/root/in_root.h \
	%D%/job.c %D%/job.h \
	%D%/root/mount_calls.c %D%/root/mount_calls.h \
	%D%/root/mount_words.c \
	%D%/root/mounts.c %D%/root/mounts.h \
	%D%/root/own_files.c %D%/root/own_files.h \
	%D%/program.c \
	%D%/root/root.c %D%/root/root.h \
	%D%/roots.c %D%/roots.h \
	%D%/run.c %D%/run.h \
	%D%/container/cgroup_scope.c %D%/container/cgroup_scope.h \
	%D%/engine/sealed_program.c %D%/engine/sealed_program.h \
	%D%/engine/bundle_write.c \
	%D%/container/container.c %D%/container/container.h %D%/container/container_private.h \
	%D%/container/container_init.c \
	%D%/container/container_title.c \
	%D%/container/container_answer.c %D%/container/container_answer.h \
	%D%/root/upper_snapshot.c %D%/root/upper_snapshot.h \
	%D%/user.c \
	%D%/container/user_map.c %D%/container/user_map.h \
	%D%/root/volumes.c %D%/root/volumes.h

run_libs = src/run/librun.a $(image_libs)
