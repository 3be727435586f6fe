# Every test speaks TAP.  unit/: one file a source file, linked only against its layer and those
# below; cli/: the program against doubles; peers/: against real registries and tools; faults/:
# against a misbehaving server; lint/: the source itself.
TEST_EXTENSIONS = .sh .bats
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/unit/run.sh
LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_COMPILER = bats
AM_BATS_LOG_FLAGS = --tap
# Debian's own tools come first: a python3 in a version manager's wrapping starts ten times slower.
# With OCIFP_BINARY=FILE the static FILE of contrib/release/build is what bats tests, in place of ocifp and
# ocifp-layer of this build.
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	OCIFP_ABILITIES='$(abs_top_builddir)/tests/abilities.table'; export OCIFP_ABILITIES; \
	OCIFP_BINARY='$(OCIFP_BINARY)'; export OCIFP_BINARY; \
	programs='$(abs_top_builddir)'; OCIFP_LIBEXEC=$$programs; export OCIFP_LIBEXEC; \
	test -z '$(OCIFP_BINARY)' || { programs=$$programs/tests/binary; unset OCIFP_LIBEXEC; }; \
	PATH=$$programs:/usr/bin:"$$PATH"; export PATH;

# What this machine can do is probed once in each run.
check_DATA += tests/abilities.table
tests/abilities.table: ocifp $(check_PROGRAMS) always
	$(AM_V_GEN)mkdir -p tests/binary && { test -z '$(OCIFP_BINARY)' || { \
	$(INSTALL_SCRIPT) '$(OCIFP_BINARY)' tests/binary/ocifp && ln -f tests/binary/ocifp tests/binary/ocifp-layer; }; } && \
	{ $(AM_TESTS_ENVIRONMENT) OCIFP_ABILITIES= '$(top_srcdir)/tests/abilities'; } >$@
always:
.PHONY: always
CLEANFILES += tests/abilities.table tests/binary/ocifp tests/binary/ocifp-layer


include %D%/unit/local.mk
include %D%/fuzz/local.mk
include %D%/lint/local.mk
include %D%/lib/local.mk
include %D%/cli/local.mk
include %D%/peers/local.mk
include %D%/faults/local.mk
include %D%/bench/local.mk

check-unit:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(base_tests) $(oci_tests) $(stream_tests) $(sandbox_tests) \
		$(http_tests) $(store_tests) $(layer_tests) $(archive_tests) $(registry_tests) $(repository_tests) \
		$(fingerprint_tests) $(project_tests) $(image_tests) $(cache_tests) $(run_tests) $(cli_unit_tests)'

# The command line, peers and faults, with the static binary that OCIFP_BINARY names.
check-binary:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(rig_tests) $(cli_tests) $(peer_tests) $(fault_tests)'

# The lints alone, with that of the format, for which only clang-format 14 will do.
check-lint:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(lint_tests) tests/lint/format.sh'

# What compiles for macOS, FreeBSD and musl (zig), and what passes on a system that is not Linux: the unit
# tests below run, and the command line without jobs.
portable_tests = $(base_tests) $(oci_tests) $(stream_tests) $(sandbox_tests) $(http_tests) $(store_tests) \
	$(archive_tests) $(registry_tests) $(repository_tests) $(fingerprint_tests) $(project_tests) \
	tests/cli/elsewhere.bats tests/cli/cli.bats tests/cli/fingerprint.bats tests/cli/manage.bats \
	tests/cli/schema.bats
check-portable:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(portable_tests)'
check-targets:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/lint/portable.sh check_PROGRAMS= check_DATA=

# What takes long: fuzzing, threads, two analyzers, clang-tidy, other kernels.
EXTRA_DIST += %D%/abilities %D%/unit/ability.h %D%/unit/run.sh %D%/full.sh %D%/chroot.sh %D%/places.sh %D%/sigstore_conformance.sh %D%/stranger.sh %D%/vm.sh .clang-tidy .clang-format
check-full: distdir
	$(top_srcdir)/tests/full.sh $(distdir) full $(STEPS)
.PHONY: check-unit check-binary check-lint check-portable check-targets check-full
