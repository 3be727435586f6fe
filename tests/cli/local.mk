# The program against doubles.
cli_tests = \
	%D%/append.bats \
	%D%/cli.bats \
	%D%/fingerprint.bats \
	%D%/manage.bats \
	%D%/prune.bats \
	%D%/store.bats %D%/unpack.bats
EXTRA_DIST += $(cli_tests)
if HAVE_BATS
TESTS += $(cli_tests)
endif
