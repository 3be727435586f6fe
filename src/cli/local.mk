noinst_LIBRARIES += %D%/libcli.a
%C%_libcli_a_SOURCES = \
	%D%/caches/cmd_cache.c %D%/caches/cmd_cache.h \
	%D%/caches/cmd_cache_export.c \
	%D%/caches/cmd_cache_key.c \
	%D%/caches/cmd_cache_ls.c \
	%D%/caches/cmd_cache_prune.c \
	%D%/caches/cmd_cache_restore.c \
	%D%/caches/cmd_cache_save.c \
	%D%/caches/cmd_cache_why.c \
	%D%/command.h \
	%D%/commands.c %D%/commands.h \
	%D%/commands/cmd_append.c \
	%D%/commands/cmd_attach.c \
	%D%/commands/cmd_auth.c \
	%D%/commands/cmd_blob.c \
	%D%/commands/cmd_completion.c \
	%D%/commands/cmd_copy.c \
	%D%/commands/cmd_digest.c \
	%D%/commands/cmd_doctor.c \
	%D%/commands/cmd_ensure.c \
	%D%/commands/cmd_exists.c \
	%D%/commands/cmd_fingerprint.c \
	%D%/commands/cmd_help.c \
	%D%/commands/cmd_index.c \
	%D%/commands/cmd_init.c \
	%D%/commands/cmd_inspect.c \
	%D%/commands/cmd_lock.c \
	%D%/commands/cmd_login.c \
	%D%/commands/cmd_logout.c \
	%D%/commands/cmd_manifest.c \
	%D%/commands/cmd_flatten.c \
	%D%/commands/cmd_mutate.c \
	%D%/commands/cmd_rebase.c \
	%D%/commands/cmd_prune.c \
	%D%/commands/cmd_pull.c \
	%D%/commands/cmd_push.c \
	%D%/commands/cmd_referrers.c \
	%D%/commands/cmd_rm.c \
	%D%/commands/cmd_sign.c \
	%D%/commands/cmd_store.c \
	%D%/commands/cmd_tag.c \
	%D%/commands/cmd_tags.c \
	%D%/commands/cmd_tree.c \
	%D%/commands/cmd_verify.c \
	%D%/commands/cmd_version.c \
	%D%/commands/cmd_why.c \
	%D%/complete/completion.c %D%/complete/completion.h \
	%D%/complete/foreign.c %D%/complete/foreign.h \
	%D%/context.c %D%/context.h \
	%D%/dispatch.c %D%/dispatch.h \
	%D%/doctor/doctor.h \
	%D%/doctor/doctor_host.c \
	%D%/doctor/doctor_protocol.c \
	%D%/doctor/doctor_registries.c \
	%D%/doctor/doctor_sandbox.c \
	%D%/doctor/findings.c %D%/doctor/findings.h \
	%D%/exit_status.c %D%/exit_status.h \
	%D%/help.c %D%/help.h \
	%D%/inspected.c %D%/inspected.h \
	%D%/jobs/cmd_export.c \
	%D%/jobs/cmd_run.c %D%/jobs/cmd_run.h \
	%D%/jobs/cmd_runner_hook.c \
	%D%/jobs/cmd_shell.c \
	%D%/jobs/cmd_unpack.c \
	%D%/jobs/run_caches.h \
	%D%/jobs/run_plan.h \
	%D%/libraries.c %D%/libraries.h \
	%D%/options/common_options.c %D%/options/common_options.h \
	%D%/options/derive_options.c %D%/options/derive_options.h \
	%D%/options/image_options.c %D%/options/image_options.h \
	%D%/options/options.c %D%/options/options.h \
	%D%/options/spelling.c %D%/options/spelling.h \
	%D%/options/target_options.c %D%/options/target_options.h \
	%D%/outcome.c %D%/outcome.h \
	%D%/output/activity.c %D%/output/activity.h \
	%D%/output/columns.c %D%/output/columns.h \
	%D%/output/github.c %D%/output/github.h \
	%D%/output/json.c %D%/output/json.h \
	%D%/output/line.c %D%/output/line.h \
	%D%/output/page.c %D%/output/page.h \
	%D%/output/progress.c %D%/output/progress.h \
	%D%/output/progress_format.c %D%/output/progress_format.h \
	%D%/output/report.c %D%/output/report.h \
	%D%/output/terminal.c %D%/output/terminal.h
if NAMESPACES
%C%_libcli_a_SOURCES += \
	%D%/doctor/doctor_namespaces.c \
	%D%/jobs/run_caches.c \
	%D%/jobs/run_in_image.c \
	%D%/jobs/run_plan.c
else
%C%_libcli_a_SOURCES += %D%/jobs/run_nowhere.c
endif
EXTRA_DIST += %D%/jobs/run_nowhere.c

# Our own licence, and what the builder says about the libraries that are linked in.
CLEANFILES += %D%/license_text.inc
%D%/commands/cmd_version.$(OBJEXT): %D%/license_text.inc
%D%/license_text.inc: $(top_srcdir)/COPYING $(LICENSES)
	$(AM_V_GEN)mkdir -p %D% && cat $(top_srcdir)/COPYING $(LICENSES) | \
		sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' >$@

# The scripts of completion, as strings.
CLEANFILES += %D%/completion_bash.inc %D%/completion_zsh.inc %D%/completion_fish.inc
%D%/commands/cmd_completion.$(OBJEXT): %D%/completion_bash.inc %D%/completion_zsh.inc %D%/completion_fish.inc
completion_string = $(AM_V_GEN)mkdir -p %D% && sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@
%D%/completion_bash.inc: $(top_srcdir)/contrib/completion/ocifp.bash
	$(completion_string)
%D%/completion_zsh.inc: $(top_srcdir)/contrib/completion/_ocifp
	$(completion_string)
%D%/completion_fish.inc: $(top_srcdir)/contrib/completion/ocifp.fish
	$(completion_string)

cli_libs = src/cli/libcli.a src/cache/libcache.a $(run_libs)

bin_PROGRAMS += ocifp
ocifp_SOURCES = %D%/main.c
ocifp_LDADD = $(cli_libs)
if SINGLE_BINARY
ocifp_LDADD += $(layer_helper_libs)
endif
