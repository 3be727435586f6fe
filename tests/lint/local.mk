lint_tests = %D%/banned.sh %D%/headers.sh %D%/layers.sh
dist_check_SCRIPTS += $(lint_tests)
TESTS += $(lint_tests)

# For headers.sh.
AM_TESTS_ENVIRONMENT += \
	CC='$(CC)'; export CC; \
	LINT_CFLAGS='-include $(abs_top_builddir)/config.h -I. $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS)'; \
	export LINT_CFLAGS;
