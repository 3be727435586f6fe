noinst_LIBRARIES += %D%/librun.a
%C%_librun_a_SOURCES = \
	%D%/root/volumes.h \
	%D%/roots.h
if NAMESPACES
%C%_librun_a_SOURCES += \
	%D%/commit_job.c %D%/commit_job.h \
	%D%/container/cgroup.c %D%/container/cgroup.h \
	%D%/container/console.c %D%/container/console.h \
	%D%/container/container.c %D%/container/container.h \
	%D%/container/container_answer.c %D%/container/container_answer.h \
	%D%/container/user_map.c %D%/container/user_map.h \
	%D%/engine/bundle.c %D%/engine/bundle.h \
	%D%/engine/denied_calls.c %D%/engine/denied_calls.h \
	%D%/engine/engine_bwrap.c \
	%D%/engine/engine_oci.c \
	%D%/engine/job_engine.c %D%/engine/job_engine.h \
	%D%/engine/sealed_program.c %D%/engine/sealed_program.h \
	%D%/job.c %D%/job.h \
	%D%/program.c \
	%D%/root/in_root.c %D%/root/in_root.h \
	%D%/root/kept_root.c %D%/root/kept_root.h \
	%D%/root/mount_calls.c %D%/root/mount_calls.h \
	%D%/root/mounts.c %D%/root/mounts.h \
	%D%/root/own_files.c %D%/root/own_files.h \
	%D%/root/root.c %D%/root/root.h \
	%D%/root/root_base.c %D%/root/root_base.h \
	%D%/root/upper_snapshot.c %D%/root/upper_snapshot.h \
	%D%/root/volumes.c \
	%D%/roots.c \
	%D%/run.c %D%/run.h \
	%D%/user.c
else
%C%_librun_a_SOURCES += %D%/jobless.c
endif
EXTRA_DIST += %D%/jobless.c

run_libs = src/run/librun.a $(image_libs)
