noinst_LIBRARIES += %D%/libcli.a
%C%_libcli_a_SOURCES = \
	%D%/choice.c %D%/choice.h \
	%D%/cmd_append.c \
	%D%/cmd_attach.c \
	%D%/cmd_auth.c \
	%D%/cmd_blob.c \
	%D%/cmd_completion.c \
	%D%/cmd_copy.c \
	%D%/cmd_digest.c \
	%D%/cmd_ensure.c \
	%D%/cmd_exists.c \
	%D%/cmd_fingerprint.c \
	%D%/cmd_doctor.c \
	%D%/cmd_help.c \
	%D%/cmd_index.c %D%/cmd_index.h \
	%D%/cmd_index_join.c \
	%D%/cmd_index_ls.c \
	%D%/cmd_inspect.c \
	%D%/cmd_lock.c \
	%D%/cmd_login.c \
	%D%/cmd_logout.c \
	%D%/cmd_manifest.c \
	%D%/cmd_mutate.c \
	%D%/cmd_prune.c \
	%D%/cmd_pull.c \
	%D%/cmd_push.c \
	%D%/cmd_run.c \
	%D%/cmd_sign.c \
	%D%/cmd_referrers.c \
	%D%/cmd_rm.c \
	%D%/cmd_tag.c \
	%D%/cmd_tags.c \
	%D%/cmd_tree.c \
	%D%/cmd_store.c %D%/cmd_store.h \
	%D%/cmd_store_rm.c \
	%D%/cmd_unpack.c \
	%D%/cmd_verify.c \
	%D%/cmd_version.c \
	%D%/cmd_why.c \
	%D%/command.h \
	%D%/commands.c %D%/commands.h \
	%D%/common_options.c %D%/common_options.h \
	%D%/completion.c %D%/completion.h \
	%D%/context.c %D%/context.h \
	%D%/context_project.c \
	%D%/context_session.c \
	%D%/derive_options.c %D%/derive_options.h \
	%D%/dispatch.c %D%/dispatch.h \
	%D%/doctor.h \
	%D%/doctor_host.c \
	%D%/doctor_registries.c \
	%D%/doctor_sandbox.c \
	%D%/exit_status.c %D%/exit_status.h \
	%D%/explain.c %D%/explain.h \
	%D%/findings.c %D%/findings.h \
	%D%/github.c %D%/github.h \
	%D%/help.c %D%/help.h \
	%D%/image_options.c %D%/image_options.h \
	%D%/json.c %D%/json.h \
	%D%/libraries.c %D%/libraries.h \
	%D%/line.c %D%/line.h \
	%D%/option_value.c %D%/option_value.h \
	%D%/looking.c %D%/looking.h \
	%D%/options.c %D%/options.h \
	%D%/outcome.c %D%/outcome.h \
	%D%/overdue.c %D%/overdue.h \
	%D%/page.c %D%/page.h \
	%D%/progress.c %D%/progress.h \
	%D%/progress_format.c %D%/progress_format.h \
	%D%/prompt.c %D%/prompt.h \
	%D%/registry_host.c %D%/registry_host.h \
	%D%/report.c %D%/report.h \
	%D%/startup.c %D%/startup.h \
	%D%/suggest.c %D%/suggest.h \
	%D%/target_options.c %D%/target_options.h

cli_libs = src/cli/libcli.a src/cache/libcache.a $(run_libs)

bin_PROGRAMS += ocifp
ocifp_SOURCES = %D%/main.c
ocifp_LDADD = $(cli_libs)
if SINGLE_BINARY
ocifp_LDADD += $(layer_helper_libs)
endif
