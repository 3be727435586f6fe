lint_tests = \
	%D%/apparmor.sh \
	%D%/assertions.sh \
	%D%/banned.sh \
	%D%/headers.sh \
	%D%/help_matches_man.sh \
	%D%/layers.sh \
	%D%/man.sh \
	%D%/pins.sh \
	%D%/shellcheck.sh \
	%D%/site.sh \
	%D%/spelling.sh \
	%D%/symbols.sh
dist_check_SCRIPTS += $(lint_tests)
TESTS += $(lint_tests)

# For headers.sh.
AM_TESTS_ENVIRONMENT += \
	CC='$(CC)'; export CC; \
	LINT_CFLAGS="-include '$(abs_top_builddir)/config.h' -I. $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS)"; \
	export LINT_CFLAGS;

# Not tests: only clang-format 14 will do, and that for other systems needs zig and minutes.
EXTRA_DIST += %D%/format.sh %D%/portable.sh
